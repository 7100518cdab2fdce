package io.synod.engine.node;

import static io.synod.engine.Sql.number;
import static io.synod.engine.Sql.untilDone;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.engine.failover.Await;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Set;
import org.h2.mvstore.DataUtils;
import org.h2.mvstore.MVStore;
import org.h2.mvstore.MVStoreException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The leader's H2 cannot write its file any more while nobody writes: the others go on. */
@Timeout(240)
class FailedFileClusterTest {
    @TempDir
    private Path directory;

    @Test
    void a_leader_whose_file_has_failed_gives_way_also_when_it_had_nothing_to_apply() throws Exception {
        try (LaggingCluster cluster = new LaggingCluster(directory)) {
            String url = cluster.remoteUrl("a", "b", "c");
            try (Connection c = LaggingCluster.connect(url)) {
                untilDone(c, "CREATE TABLE t(id INT PRIMARY KEY)", "INSERT INTO t VALUES (1)");
            }
            MVStore file = cluster.hosted(cluster.awaitLeader()).h2().getStore().getMvStore();
            assertThrows(
                    MVStoreException.class,
                    () -> file.panic(DataUtils.newMVStoreException(DataUtils.ERROR_WRITING_FAILED, "no space left")));
            Await.until("a write", () -> {
                try (Connection c = LaggingCluster.connect(url)) {
                    untilDone(c, "MERGE INTO t VALUES (2)");
                    return number(c, "SELECT COUNT(*) FROM t") == 2;
                } catch (SQLException e) {
                    assertTrue(Set.of("HYT00", "08001", "08007").contains(e.getSQLState()), e.toString());
                    return false;
                }
            });
        }
    }
}
