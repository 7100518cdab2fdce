package io.synod.engine.node;

import static io.synod.engine.Sql.number;
import static io.synod.engine.Sql.run;
import static io.synod.engine.node.LaggingCluster.connect;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** One cluster for a class of tests: a connection to the leader, another to a node that can be made to lag, and one row. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class LaggingReads {
    static final String READ = "SELECT N FROM T";

    LaggingCluster cluster;
    Connection leader;
    Connection lagging;

    abstract LaggingCluster start(Path directory) throws Exception;

    @BeforeAll
    void startNodes(@TempDir Path directory) throws Exception {
        cluster = start(directory);
        try (Connection c = connect(cluster.url(cluster.awaitLeader()))) {
            run(c, "CREATE TABLE T(N INT)", "INSERT INTO T VALUES (0)");
        }
    }

    @AfterAll
    void stopNodes() throws Exception {
        cluster.close();
    }

    @BeforeEach
    void connectAll() throws SQLException {
        leader = connect(cluster.url(cluster.awaitLeader()));
        lagging = connect(cluster.url("c"));
        run(leader, "UPDATE T SET N = 0");
        assertEquals(0, number(lagging, READ));
    }

    @AfterEach
    void release() throws SQLException {
        cluster.releaseC();
        leader.close();
        lagging.close();
    }
}
