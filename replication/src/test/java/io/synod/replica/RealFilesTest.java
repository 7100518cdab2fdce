package io.synod.replica;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;

import io.synod.replica.TestCluster.TestNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Three nodes with real sockets, real files and real forces. */
@Timeout(240)
class RealFilesTest {
    @Test
    void interrupted_clients_and_restarts_lose_nothing(@TempDir Path dir) throws Exception {
        try (TestCluster cluster = TestCluster.on(dir)) {
            List<String> acknowledged = Collections.synchronizedList(new ArrayList<>());
            for (int round = 0; round < 2; round++) {
                TestNode leader = cluster.awaitLeader();
                int r = round;
                List<Thread> clients = new ArrayList<>();
                for (int c = 0; c < 6; c++) {
                    int client = c;
                    Thread thread = new Thread(() -> {
                        for (int i = 0; i < 60; i++) {
                            String text = r + "/" + client + "/" + i;
                            if (leader.write(text) == Proposal.Outcome.APPLIED) {
                                acknowledged.add(text);
                            }
                        }
                    });
                    clients.add(thread);
                    thread.start();
                }
                while (clients.stream().anyMatch(Thread::isAlive)) {
                    clients.forEach(Thread::interrupt);
                    clients.get(0).join(1);
                }
                assertNull(leader.node.failure());
                leader.kill();
                cluster.write("after " + round);
                acknowledged.add("after " + round);
                leader.start();
            }
            cluster.awaitEqual(acknowledged);
            cluster.nodes().forEach(TestNode::kill);
            for (TestNode node : cluster.nodes()) {
                node.start();
            }
            cluster.awaitLeader();
            cluster.awaitEqual(acknowledged);
            List<String> texts = cluster.nodes().get(1).applier.texts();
            assertEquals(texts.size(), new HashSet<>(texts).size());
            assertFalse(texts.isEmpty());
        }
    }
}
