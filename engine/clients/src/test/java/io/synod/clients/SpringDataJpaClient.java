package io.synod.clients;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import com.zaxxer.hikari.HikariDataSource;
import jakarta.persistence.EntityManagerFactory;
import java.math.BigDecimal;
import java.util.Map;
import javax.sql.DataSource;
import org.hibernate.dialect.H2Dialect;
import org.hibernate.engine.spi.SessionFactoryImplementor;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.dao.ConcurrencyFailureException;
import org.springframework.data.domain.PageRequest;
import org.springframework.data.domain.Sort;
import org.springframework.data.jpa.repository.config.EnableJpaRepositories;
import org.springframework.orm.jpa.JpaTransactionManager;
import org.springframework.orm.jpa.LocalContainerEntityManagerFactoryBean;
import org.springframework.orm.jpa.vendor.HibernateJpaVendorAdapter;
import org.springframework.resilience.annotation.EnableResilientMethods;
import org.springframework.resilience.annotation.Retryable;
import org.springframework.transaction.annotation.EnableTransactionManagement;
import org.springframework.transaction.annotation.Transactional;

/** Spring Data's repositories on Hibernate and HikariCP, as Spring Boot sets them up. */
final class SpringDataJpaClient {
    private static final int TRANSACTIONS = 40;

    private SpringDataJpaClient() {}

    static void run(Cluster cluster, String url) throws Exception {
        try (AnnotationConfigApplicationContext context = new AnnotationConfigApplicationContext()) {
            context.registerBean("url", String.class, () -> url);
            context.register(Beans.class);
            context.refresh();
            assertInstanceOf(
                    H2Dialect.class,
                    context.getBean(EntityManagerFactory.class)
                            .unwrap(SessionFactoryImplementor.class)
                            .getJdbcServices()
                            .getDialect());
            Bank bank = context.getBean(Bank.class);
            bank.open("one");
            for (int i = 0; i < TRANSACTIONS; i++) {
                if (i == TRANSACTIONS / 2) {
                    cluster.killLeader();
                }
                bank.deposit("one", BigDecimal.ONE, i == TRANSACTIONS / 4 ? cluster : null);
                bank.open("further " + i);
            }
            Accounts accounts = context.getBean(Accounts.class);
            assertEquals(TRANSACTIONS + 1, accounts.count());
            assertEquals(0, new BigDecimal(TRANSACTIONS).compareTo(accounts.total()));
            assertEquals(
                    5,
                    accounts.findAll(PageRequest.of(1, 5, Sort.by("name").descending()))
                            .getNumberOfElements());
        }
    }

    /** Called through proxies: first the retry, then the transaction. */
    static class Bank {
        private final Accounts accounts;
        private boolean killed;

        Bank(Accounts accounts) {
            this.accounts = accounts;
        }

        @Retryable(includes = ConcurrencyFailureException.class, maxRetries = 1_000, delay = 1)
        @Transactional
        public void open(String name) {
            accounts.save(new Account(name));
        }

        @Retryable(includes = ConcurrencyFailureException.class, maxRetries = 1_000, delay = 1)
        @Transactional
        public void deposit(String name, BigDecimal amount, Cluster cluster) throws Exception {
            accounts.findByName(name).orElseThrow().deposit(amount);
            if (cluster != null && !killed) {
                killed = true;
                cluster.killLeader();
            }
        }
    }

    @Configuration(proxyBeanMethods = false)
    @EnableTransactionManagement(proxyTargetClass = true)
    @EnableResilientMethods(proxyTargetClass = true)
    @EnableJpaRepositories(considerNestedRepositories = false)
    static class Beans {
        @Bean
        HikariDataSource dataSource(String url) {
            HikariDataSource pool = new HikariDataSource();
            pool.setJdbcUrl(url);
            pool.setUsername(Cluster.USER);
            pool.setPassword(Cluster.PASSWORD);
            return pool;
        }

        @Bean
        LocalContainerEntityManagerFactoryBean entityManagerFactory(DataSource dataSource) {
            LocalContainerEntityManagerFactoryBean factory = new LocalContainerEntityManagerFactoryBean();
            factory.setDataSource(dataSource);
            factory.setJpaVendorAdapter(new HibernateJpaVendorAdapter());
            factory.setPackagesToScan(Account.class.getPackageName());
            factory.setJpaPropertyMap(Map.of("hibernate.hbm2ddl.auto", "create"));
            return factory;
        }

        @Bean
        JpaTransactionManager transactionManager(EntityManagerFactory factory) {
            return new JpaTransactionManager(factory);
        }

        @Bean
        Bank bank(Accounts accounts) {
            return new Bank(accounts);
        }
    }
}
