package io.synod.sample;

import jakarta.persistence.Entity;
import jakarta.persistence.Id;

/** How many of an item are left, and how many were sold. */
@Entity
public class Stock {
    @Id
    private String item;

    private int available;
    private int sold;

    /** For JPA. */
    protected Stock() {}

    void sell(int quantity) {
        available -= quantity;
        sold += quantity;
    }

    public String getItem() {
        return item;
    }

    public int getAvailable() {
        return available;
    }

    public int getSold() {
        return sold;
    }
}
