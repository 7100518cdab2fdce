package io.synod.engine.jdbc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.engine.Sql;
import io.synod.engine.failover.TestCluster;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A stock H2 client at a follower. */
@Tag("long")
class H2ClientUrlTest extends ClusterContract {
    private static StockServer stock;

    @BeforeAll
    static void startStock() throws Exception {
        stock = new StockServer();
    }

    @AfterAll
    static void stopStock() {
        stock.close();
    }

    @Override
    String stockUrl() {
        return stock.url();
    }

    @Override
    String url(TestCluster cluster) throws Exception {
        return cluster.h2Url(cluster.awaitFollower());
    }

    @Test
    @Override
    void metadata_names_h2_and_our_url() throws Exception {
        try (Connection c = connect()) {
            DatabaseMetaData meta = c.getMetaData();
            assertEquals("H2", meta.getDatabaseProductName());
            assertTrue(meta.getURL().startsWith("jdbc:h2:tcp:"), meta.getURL());
        }
    }

    @Test
    @Override
    void read_only_is_reported_and_is_a_hint_as_in_h2() throws Exception {
        try (Connection c = connect()) {
            // H2's own connection keeps the hint to itself: it reports whether the database can be written.
            c.setReadOnly(true);
            assertFalse(c.isReadOnly());
            Sql.run(c, "CREATE TABLE t(x INT)", "INSERT INTO t VALUES (1)");
            assertEquals(1, Sql.number(c, "SELECT COUNT(*) FROM t"));
        }
    }
}
