package io.synod.clients;

import jakarta.persistence.Entity;
import jakarta.persistence.GeneratedValue;
import jakarta.persistence.GenerationType;
import jakarta.persistence.Id;
import jakarta.persistence.Lob;
import jakarta.persistence.ManyToOne;
import java.math.BigDecimal;
import java.time.OffsetDateTime;
import java.util.UUID;

/** Numbered by an identity column: each insert asks for the generated key. */
@Entity
class Booking {
    enum Kind {
        CASH,
        TRANSFER
    }

    @Id
    @GeneratedValue(strategy = GenerationType.IDENTITY)
    private Long id;

    @ManyToOne(optional = false)
    private Account account;

    private BigDecimal amount;
    private UUID reference = UUID.randomUUID();
    private OffsetDateTime at = OffsetDateTime.now();
    private Kind kind = Kind.TRANSFER;

    @Lob
    private String remark = "a remark";

    protected Booking() {}

    Booking(Account account, BigDecimal amount) {
        this.account = account;
        this.amount = amount;
    }

    Long id() {
        return id;
    }

    /** The account's balance was raised by it. */
    BigDecimal amount() {
        return amount;
    }
}
