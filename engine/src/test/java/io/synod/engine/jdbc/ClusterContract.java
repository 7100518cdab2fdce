package io.synod.engine.jdbc;

import io.synod.engine.Sql;
import io.synod.engine.failover.TestCluster;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;

/** The same on three nodes that are processes. One cluster for all tests of a class; each leaves it empty. */
@Tag("long")
@Tag("process")
abstract class ClusterContract extends JdbcContract {
    @TempDir
    private static Path directory;

    private static TestCluster cluster;

    private String url;

    /** Which node's URL, of whatever kind. */
    abstract String url(TestCluster cluster) throws Exception;

    @BeforeAll
    static void startCluster() throws Exception {
        cluster = TestCluster.started(directory);
    }

    @AfterAll
    static void stopCluster() {
        cluster.close();
    }

    @Override
    void prepare() throws Exception {
        url = url(cluster);
    }

    @Override
    String url() {
        return url;
    }

    @Override
    void cleanUp() throws Exception {
        try (Connection c = DriverManager.getConnection(cluster.url(), "sa", "secret")) {
            Sql.run(c, "DROP ALL OBJECTS");
        }
        cluster.assertMembersEqual();
    }
}
