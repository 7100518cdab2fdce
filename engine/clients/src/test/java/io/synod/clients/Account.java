package io.synod.clients;

import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.GeneratedValue;
import jakarta.persistence.GenerationType;
import jakarta.persistence.Id;
import jakarta.persistence.SequenceGenerator;
import jakarta.persistence.Version;
import java.math.BigDecimal;

/** Numbered by a sequence of which 50 are taken at a time, as Hibernate does by default. */
@Entity
class Account {
    @Id
    @GeneratedValue(strategy = GenerationType.SEQUENCE, generator = "account_seq")
    @SequenceGenerator(name = "account_seq", sequenceName = "account_seq", allocationSize = 50)
    private Long id;

    @Version
    private int version;

    @Column(nullable = false, unique = true)
    private String name;

    @Column(precision = 12, scale = 2)
    private BigDecimal balance = BigDecimal.ZERO;

    protected Account() {}

    Account(String name) {
        this.name = name;
    }

    Long id() {
        return id;
    }

    BigDecimal balance() {
        return balance;
    }

    void deposit(BigDecimal amount) {
        balance = balance.add(amount);
    }
}
