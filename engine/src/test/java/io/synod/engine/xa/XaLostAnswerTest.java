package io.synod.engine.xa;

import static io.synod.engine.xa.Branches.TABLE;
import static io.synod.engine.xa.Branches.assertCode;
import static io.synod.engine.xa.Branches.number;
import static io.synod.engine.xa.Branches.prepare;
import static io.synod.engine.xa.Branches.run;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.engine.node.AnswerCutter;
import io.synod.engine.node.ClusterFixture;
import io.synod.engine.xa.Branches.Name;
import io.synod.jdbc.SynodXADataSource;
import java.nio.file.Path;
import java.util.Set;
import javax.sql.XAConnection;
import javax.transaction.xa.XAException;
import javax.transaction.xa.XAResource;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The answer to a manager's decision is lost with its connection, whichever of the portions in which it comes. Whatever the
 * manager was told, the branch is gone from {@code recover()}, and it is told the truth when it asks again.
 */
@ParameterizedClass
@ValueSource(strings = {"leader", "follower"})
@Timeout(180)
class XaLostAnswerTest {
    /** Too short for a driver that has lost its only way to a node to find out. */
    private static final String IMPATIENT = ";TARGET=ANY;FAILOVER_TIMEOUT=300";

    private static final int ANSWERS = 4;

    @TempDir
    private static Path directory;

    private static ClusterFixture cluster;
    private static String leader;

    private final SynodXADataSource source;
    private final String node;
    private final String database;

    XaLostAnswerTest(String where) {
        node = where.equals("leader") == leader.equals("a") ? "a" : "b";
        database = "xa";
        source = Branches.source(cluster.remoteUrl(node, database) + ";TARGET=ANY");
    }

    @BeforeAll
    static void startNodes() throws Exception {
        cluster = new ClusterFixture(directory);
        leader = cluster.leaderOf("xa");
        if (leader.equals("c")) {
            cluster.lead("a", "xa");
            leader = "a";
        }
    }

    @AfterAll
    static void stopNodes() {
        cluster.close();
    }

    @Test
    void the_manager_is_told_what_became_of_its_decision() throws Exception {
        run(source, "DROP TABLE IF EXISTS t", TABLE);
        int lost = 0;
        int inserted = 0;
        for (int answer = 0; answer < ANSWERS; answer++) {
            for (boolean commit : new boolean[] {true, false}) {
                int id = 1000 * node.charAt(0) + 10 * answer + (commit ? 1 : 0);
                Name name = new Name(id);
                prepare(source, name, "INSERT INTO t VALUES (" + id + ", 1)");
                try (AnswerCutter cutter = new AnswerCutter(cluster.remoteUrl(node, database))) {
                    XAConnection cut = Branches.source(cutter.url() + (answer % 2 == 0 ? IMPATIENT : ";TARGET=ANY"))
                            .getXAConnection();
                    cutter.loseAfter(answer);
                    decideAsIfLost(cut.getXAResource(), name, commit);
                    lost += cutter.loseNoMore() ? 1 : 0;
                    cut.close();
                }
                XAConnection pooled = source.getXAConnection();
                XAResource again = pooled.getXAResource();
                // The request may be lost with the connection, and the branch then waits.
                decide(again, name, commit);
                assertEquals(0, again.recover(XAResource.TMSTARTRSCAN).length);
                decide(again, name, commit);
                assertCode(commit ? XAException.XA_HEURCOM : XAException.XA_HEURRB, () -> decide(again, name, !commit));
                again.forget(name);
                pooled.close();
                inserted += commit ? 1 : 0;
                assertEquals(inserted, number(source, "SELECT COUNT(*) FROM t"), "answer " + answer);
            }
        }
        // In how many portions an answer comes is another one each time: the first is lost in any case.
        assertTrue(lost >= 2, "only " + lost + " answers were lost");
    }

    private static void decide(XAResource resource, Name name, boolean commit) throws XAException {
        if (commit) {
            resource.commit(name, false);
        } else {
            resource.rollback(name);
        }
    }

    /** It may find out by itself; if not, it says that nobody knows, and to come again. */
    private static void decideAsIfLost(XAResource resource, Name name, boolean commit) {
        try {
            decide(resource, name, commit);
        } catch (XAException e) {
            assertTrue(Set.of(XAException.XAER_RMFAIL, XAException.XA_RETRY).contains(e.errorCode), e.toString());
        }
    }
}
