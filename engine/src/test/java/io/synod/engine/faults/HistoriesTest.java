package io.synod.engine.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.engine.Sql;
import io.synod.engine.failover.TestCluster;
import io.synod.engine.node.LaggingCluster;
import java.nio.file.Path;
import java.sql.Connection;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The recorder of the fault tests, without faults of nodes; then what it must not overlook is done to the database. */
class HistoriesTest {
    private static final Logger LOG = LoggerFactory.getLogger(HistoriesTest.class);

    @TempDir
    private Path directory;

    @Test
    void what_clients_saw_holds_and_what_changes_behind_their_backs_is_found() throws Exception {
        long seed = Long.getLong("synod.seed", System.nanoTime());
        LOG.info("seed {}", seed);
        try (LaggingCluster cluster = new LaggingCluster(directory);
                Histories histories = new Histories()) {
            String url = "jdbc:synod://" + cluster.sqlAddress("a") + "," + cluster.sqlAddress("b") + "/shop";
            String patient = url + TestCluster.BUSY;
            histories.create(patient);
            histories.start(url, new SplittableRandom(seed));
            histories.awaitProgress(20);
            assertTrue(histories.killClient(), "the client's process runs");
            histories.awaitProgress(5);
            histories.stop();
            histories.counts().forEach(LOG::info);
            assertEquals(List.of(), histories.judge(patient), "seed " + seed);

            try (Connection c = TestCluster.connect(patient)) {
                assertFaultsAreFound(histories, patient, c);
            }
        }
    }

    private static void assertFaultsAreFound(Histories histories, String url, Connection c) throws Exception {
        for (String table : List.of("list", "committed_list")) {
            String whole = TestCluster.rows(c, "SELECT list FROM " + table + " WHERE k = 0")
                    .get(0);
            assertTrue(whole.indexOf(' ') < whole.length() - 1, "several values: " + whole);
            String update = "UPDATE " + table + " SET list = ";
            for (String lost : List.of("^[0-9]+ ", "[0-9]+ $")) {
                Sql.untilDone(c, update + "REGEXP_REPLACE(list, '" + lost + "', '') WHERE k = 0");
                assertFound("list-append", histories.judge(url));
                Sql.untilDone(c, update + "'" + whole + "' WHERE k = 0");
            }
            Sql.untilDone(c, update + "'" + whole + "999999 ' WHERE k = 0");
            assertFound("INVENTED", histories.judge(url));
            Sql.untilDone(c, update + "'" + whole + "' WHERE k = 0");
        }
        assertEquals(List.of(), histories.judge(url));
        Sql.untilDone(c, "UPDATE register SET x = -1 WHERE k = 0");
        assertFound("register r0 is not linearizable", histories.judge(url));
        Sql.untilDone(c, "DELETE FROM item WHERE x = (SELECT MIN(x) FROM item)");
        assertFound("is lost", histories.judge(url));
        Sql.untilDone(c, "INSERT INTO item SELECT MAX(x) FROM item");
        assertFound("2 times", histories.judge(url));
        Sql.untilDone(c, "INSERT INTO item VALUES (-1)");
        assertFound("by nobody", histories.judge(url));
        Sql.untilDone(c, "DELETE FROM killed_item WHERE x = (SELECT MIN(x) FROM killed_item)");
        assertFound("killed client: ", histories.judge(url));
        Sql.untilDone(c, "UPDATE account SET x = x + 1 WHERE id = 0");
        assertFound("bank", histories.judge(url));
        Sql.untilDone(c, "UPDATE large_row SET n = n - 16 WHERE n = (SELECT MAX(n) FROM large_row)");
        assertFound("acknowledged last", histories.judge(url));
    }

    private static void assertFound(String what, List<String> faults) {
        assertTrue(faults.stream().anyMatch(fault -> fault.contains(what)), what + " in " + faults);
    }
}
