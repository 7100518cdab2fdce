package io.synod.engine.xa;

import static io.synod.engine.xa.Branches.TABLE;
import static io.synod.engine.xa.Branches.number;
import static io.synod.engine.xa.Branches.run;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.engine.failover.TestCluster;
import io.synod.engine.xa.ManagerProcess.Step;
import io.synod.jdbc.SynodXADataSource;
import java.io.BufferedReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.sql.XAConnection;
import javax.transaction.xa.XAResource;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The manager's own process is killed with -9 between prepare and commit; started again, it finds its branches and ends them. */
@Tag("process")
@Timeout(240)
class XaKilledManagerTest {
    @TempDir
    private Path directory;

    @Test
    void a_manager_that_was_killed_ends_its_branches_when_it_comes_back_though_the_leader_died_as_well()
            throws Exception {
        try (TestCluster cluster = TestCluster.started(directory)) {
            try {
                SynodXADataSource source = Branches.source(url(cluster));
                run(source, TABLE);
                manager(cluster, Step.PREPARED, 1);
                manager(cluster, Step.DECIDED, 2);
                manager(cluster, Step.HALF_COMMITTED, 3);
                assertEquals(2 + 2 + 1, inDoubt(source));
                assertEquals(3, number(source, "SELECT SUM(x) FROM t"));

                String leader = cluster.awaitLeader();
                cluster.node(leader).kill();
                manager(cluster, Step.RECOVER, 0);
                assertEquals(0, inDoubt(source));
                assertEquals(2 + 2 + 3 + 3, number(source, "SELECT SUM(x) FROM t"));
                assertEquals(4, number(source, "SELECT COUNT(*) FROM t"));

                cluster.restart(leader);
                cluster.assertMembersEqual();
            } catch (Exception | AssertionError e) {
                cluster.addStoryTo(e);
                throw e;
            }
        }
    }

    /** With patience: where nodes have been killed, the machine has much to do. */
    private static String url(TestCluster cluster) {
        return cluster.url() + ";CONNECT_TIMEOUT=30000";
    }

    private static int inDoubt(SynodXADataSource source) throws Exception {
        XAConnection pooled = source.getXAConnection();
        try {
            return pooled.getXAResource().recover(XAResource.TMSTARTRSCAN).length;
        } finally {
            pooled.close();
        }
    }

    /** Runs it as far as it goes, and kills it there. */
    private void manager(TestCluster cluster, Step step, int number) throws Exception {
        Path errors = directory.resolve("manager.err");
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx128m",
                "-XX:+UseSerialGC",
                "-cp",
                System.getProperty("java.class.path"),
                ManagerProcess.class.getName(),
                directory.resolve("decisions").toString(),
                url(cluster),
                step.name(),
                String.valueOf(number)));
        Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.appendTo(errors.toFile()))
                .start();
        try (BufferedReader out = process.inputReader()) {
            String line = out.readLine();
            while (line != null && !line.equals(ManagerProcess.READY + step)) {
                line = out.readLine();
            }
            assertTrue(line != null, () -> step + " was not reached: " + read(errors));
        } finally {
            process.destroyForcibly();
            assertTrue(process.waitFor(30, TimeUnit.SECONDS));
        }
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (java.io.IOException e) {
            return e.toString();
        }
    }
}
