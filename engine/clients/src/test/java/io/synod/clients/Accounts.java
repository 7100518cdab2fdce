package io.synod.clients;

import java.math.BigDecimal;
import java.util.Optional;
import org.springframework.data.jpa.repository.JpaRepository;
import org.springframework.data.jpa.repository.Lock;
import org.springframework.data.jpa.repository.Query;

/** Made by Spring Data. */
interface Accounts extends JpaRepository<Account, Long> {
    @Lock(jakarta.persistence.LockModeType.PESSIMISTIC_WRITE)
    Optional<Account> findByName(String name);

    @Query("select sum(a.balance) from Account a")
    BigDecimal total();
}
