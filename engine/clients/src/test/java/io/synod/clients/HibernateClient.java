package io.synod.clients;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigDecimal;
import org.hibernate.SessionFactory;
import org.hibernate.cfg.SchemaToolingSettings;
import org.hibernate.dialect.H2Dialect;
import org.hibernate.engine.spi.SessionFactoryImplementor;
import org.hibernate.jpa.HibernatePersistenceConfiguration;

/** Hibernate with its own pool: sequences, identity columns, optimistic and pessimistic locks, schema update and validation. */
final class HibernateClient {
    private static final int TRANSACTIONS = 60;

    private HibernateClient() {}

    static void run(Cluster cluster, String url) throws Exception {
        try (SessionFactory factory = factory(url, "update")) {
            assertInstanceOf(
                    H2Dialect.class,
                    factory.unwrap(SessionFactoryImplementor.class)
                            .getJdbcServices()
                            .getDialect());
            KillInside kill = new KillInside(cluster);
            for (int i = 0; i < TRANSACTIONS; i++) {
                if (i == TRANSACTIONS / 2) {
                    cluster.killLeader();
                }
                boolean inside = i == TRANSACTIONS / 4;
                String name = "account " + i;
                Retry.run(() -> factory.fromTransaction(session -> {
                    kill.begun();
                    Account account = new Account(name);
                    session.persist(account);
                    Booking booking = new Booking(account, BigDecimal.ONE);
                    session.persist(booking);
                    if (inside) {
                        session.flush();
                        kill.kill();
                    }
                    account.deposit(booking.amount());
                    session.flush();
                    assertNotNull(booking.id());
                    return account.id();
                }));
            }
            kill.assertRanAgain(TRANSACTIONS);
        }
        // Any difference between entities and tables, as metadata shows them, ends this with an exception.
        try (SessionFactory factory = factory(url, "validate")) {
            assertEquals(TRANSACTIONS, count(factory, "select count(a) from Account a"));
            assertEquals(TRANSACTIONS, count(factory, "select count(b) from Booking b"));
            assertEquals(
                    TRANSACTIONS,
                    count(factory, "select count(distinct b.account) from Booking b where b.remark is not null"));
            assertEquals(
                    TRANSACTIONS,
                    count(factory, "select count(a) from Account a where a.balance = 1 and a.version > 0"));
            long locked = factory.fromTransaction(session -> session
                    .createSelectionQuery("from Account a order by a.id", Account.class)
                    .setMaxResults(10)
                    .setLockMode(jakarta.persistence.LockModeType.PESSIMISTIC_WRITE)
                    .getResultList()
                    .stream()
                    .filter(a -> a.balance().signum() > 0)
                    .count());
            assertTrue(locked == 10, locked + " rows locked");
        }
    }

    private static long count(SessionFactory factory, String query) {
        return factory.fromSession(
                session -> session.createSelectionQuery(query, Long.class).getSingleResult());
    }

    private static SessionFactory factory(String url, String tooling) {
        return new HibernatePersistenceConfiguration("clients")
                .managedClasses(Account.class, Booking.class)
                .jdbcUrl(url)
                .jdbcCredentials(Cluster.USER, Cluster.PASSWORD)
                .property(SchemaToolingSettings.HBM2DDL_AUTO, tooling)
                .createEntityManagerFactory();
    }
}
