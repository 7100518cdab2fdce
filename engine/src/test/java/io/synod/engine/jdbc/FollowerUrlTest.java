package io.synod.engine.jdbc;

import io.synod.engine.node.ClusterFixture;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;

/** The same on a node that does not lead: every write is forwarded. */
@Tag("long")
class FollowerUrlTest extends JdbcContract {
    @TempDir
    private static Path directory;

    private static ClusterFixture cluster;
    private static int count;

    private String url;

    @BeforeAll
    static void start() throws IOException {
        cluster = new ClusterFixture(directory);
    }

    @AfterAll
    static void stop() {
        cluster.close();
    }

    @Override
    void prepare() throws Exception {
        url = cluster.followerOf("contract" + ++count);
    }

    @Override
    String url() {
        return url;
    }

    @Override
    void cleanUp() {
        // The cluster goes on; the next test has a database of its own.
    }
}
