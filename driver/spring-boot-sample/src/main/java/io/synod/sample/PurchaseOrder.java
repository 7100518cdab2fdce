package io.synod.sample;

import jakarta.persistence.Entity;
import jakarta.persistence.GeneratedValue;
import jakarta.persistence.GenerationType;
import jakarta.persistence.Id;
import java.time.Instant;
import java.util.UUID;

/** An order. Its key is the client's, who may send it again when an answer was lost. */
@Entity
public class PurchaseOrder {
    @Id
    @GeneratedValue(strategy = GenerationType.IDENTITY)
    private Long id;

    private UUID orderKey;
    private String item;
    private int quantity;
    private Instant created;

    /** For JPA. */
    protected PurchaseOrder() {}

    PurchaseOrder(UUID orderKey, String item, int quantity) {
        this.orderKey = orderKey;
        this.item = item;
        this.quantity = quantity;
        this.created = Instant.now();
    }

    public Long getId() {
        return id;
    }

    public UUID getOrderKey() {
        return orderKey;
    }

    public String getItem() {
        return item;
    }

    public int getQuantity() {
        return quantity;
    }

    public Instant getCreated() {
        return created;
    }
}
