package io.synod.engine.jdbc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.engine.failover.TestCluster;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import org.junit.jupiter.api.Test;

/** A stock H2 client at a follower. */
class H2ClientUrlTest extends ClusterContract {
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
}
