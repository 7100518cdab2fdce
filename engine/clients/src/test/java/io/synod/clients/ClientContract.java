package io.synod.clients;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Each client works while the leader is killed in the middle, knowing nothing but a URL. */
@Timeout(300)
abstract class ClientContract {
    private Cluster cluster;

    abstract Cluster cluster() throws Exception;

    @BeforeEach
    void open() throws Exception {
        cluster = cluster();
    }

    @Test
    void hibernate() throws Exception {
        HibernateClient.run(cluster, url("HIBERNATE"));
    }

    @Test
    void jooq() throws Exception {
        JooqClient.run(cluster, url("JOOQ"));
    }

    @Test
    void spring_jdbc() throws Exception {
        SpringJdbcClient.run(cluster, url("SPRING_JDBC"));
    }

    @Test
    void spring_data_jpa() throws Exception {
        SpringDataJpaClient.run(cluster, url("SPRING_DATA"));
    }

    @Test
    void mybatis() throws Exception {
        MyBatisClient.run(cluster, url("MYBATIS"));
    }

    @Test
    void liquibase() throws Exception {
        LiquibaseClient.run(cluster, url("LIQUIBASE"));
    }

    private String url(String schema) throws Exception {
        return cluster.url(schema);
    }
}
