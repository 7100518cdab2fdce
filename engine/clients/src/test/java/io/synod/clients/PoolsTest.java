package io.synod.clients;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.sql.Connection;
import java.sql.Statement;
import org.junit.jupiter.api.Test;

class PoolsTest {
    @Test
    void a() throws Exception {
        Cluster cluster = Cluster.shared();
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl(cluster.url("POOLS"));
        config.setUsername("sa");
        config.setPassword("secret");
        try (HikariDataSource pool = new HikariDataSource(config)) {
            for (int i = 0; i < 3; i++) {
                cluster.killLeader();
                try (Connection c = pool.getConnection();
                        Statement s = c.createStatement()) {
                    s.execute("CREATE TABLE IF NOT EXISTS T(I INT PRIMARY KEY)");
                    assertEquals(1, s.executeUpdate("INSERT INTO T VALUES (" + i + ")"));
                }
            }
        }
    }
}
