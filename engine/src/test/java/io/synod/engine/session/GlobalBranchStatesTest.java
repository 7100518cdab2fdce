package io.synod.engine.session;

import static io.synod.engine.Sql.number;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.branch.Attempt;
import io.synod.branch.Branch;
import io.synod.branch.BranchRequest;
import io.synod.branch.BranchStanding;
import io.synod.branch.BranchState;
import io.synod.engine.database.BranchVotes;
import io.synod.engine.database.CommitId;
import io.synod.engine.failover.Await;
import io.synod.engine.session.TestNode.TestConnection;
import io.synod.group.Members;
import io.synod.replica.Snapshots;
import io.synod.replica.Snapshots.Incoming;
import io.synod.replica.Snapshots.Outgoing;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import org.h2.message.DbException;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** One group as a participant: what it has said of a global transaction, whatever happens to its members. */
@Tag("long")
class GlobalBranchStatesTest extends PreparedTransactions {
    private static final long NANOS = Await.LIMIT.toNanos();
    private static final String GID = "g";
    private static final String HELD = "held by the prepared transaction \"g\": its databases decide it";
    private static final Branch BRANCH = Branch.of(GID, "bank", List.of("bank", "shop", "stock"));
    private static final Attempt FIRST = new Attempt(1, 1, 1);
    private static final Attempt SECOND = new Attempt(2, 1, 2);

    /** What a branch is asked for, one after the other. */
    enum Asked {
        PREPARED(BranchState.PREPARED),
        ELECTED(BranchState.PREPARED, new BranchRequest.Elect(GID, SECOND)),
        PRECOMMITTED(BranchState.PRECOMMITTED, new BranchRequest.Accept(GID, FIRST, true)),
        PREABORTED(
                BranchState.PREABORTED,
                new BranchRequest.Elect(GID, SECOND),
                new BranchRequest.Accept(GID, SECOND, false)),
        COMMITTED(
                BranchState.COMMITTED, new BranchRequest.Accept(GID, FIRST, true), new BranchRequest.Decide(GID, true)),
        ABORTED(BranchState.ABORTED, new BranchRequest.Decide(GID, false));

        private final BranchState state;
        private final List<BranchRequest> requests;

        Asked(BranchState state, BranchRequest... requests) {
            this.state = state;
            this.requests = List.of(requests);
        }
    }

    private void prepareGlobal(TestNode at) throws SQLException {
        try (TestConnection c = at.connect()) {
            write(c);
            canCommit(c, CommitId.NONE);
        }
    }

    private static void write(Connection c) throws SQLException {
        c.setAutoCommit(false);
        try (Statement s = c.createStatement()) {
            s.execute("UPDATE t SET x = 11 WHERE id = 1");
            s.execute("DELETE FROM t WHERE id = 2");
            s.execute("INSERT INTO t VALUES (4, 40, 40)");
        }
    }

    private static void canCommit(TestConnection c, CommitId id) {
        canCommit(c, BRANCH, id);
    }

    private static void canCommit(TestConnection c, Branch branch, CommitId id) {
        RoutedSession session = (RoutedSession) c.session();
        session.lock();
        try {
            session.branches().canCommit(new BranchRequest.CanCommit(branch, FIRST), id, () -> {});
            session.goOn();
        } finally {
            session.unlock();
        }
    }

    private static BranchStanding ask(TestNode at, BranchRequest request) {
        BranchVotes.Answer answer = at.database().votes().answer(request, NANOS);
        return answer == null ? null : answer.standing();
    }

    private BranchStanding reach(Asked asked) throws SQLException {
        prepareGlobal(a);
        BranchStanding standing = standing(a);
        for (BranchRequest request : asked.requests) {
            standing = ask(a, request);
        }
        assertEquals(asked.state, standing.state());
        return standing;
    }

    private static BranchStanding standing(TestNode at) {
        at.log().drain();
        List<BranchVotes.Global> all = at.database().votes().list();
        assertEquals(1, all.size());
        return all.get(0).standing();
    }

    private void check(TestNode at, BranchStanding standing) throws Exception {
        assertEquals(standing, standing(at));
        if (standing.state() == BranchState.COMMITTED) {
            assertAfter(at);
        } else {
            assertBefore(at);
            if (standing.state() != BranchState.ABORTED) {
                at.lead();
                assertLocked(at, HELD);
            }
        }
    }

    /** Goes on from there: what the group has promised holds. */
    private void end(TestNode leader, BranchStanding standing) throws Exception {
        leader.lead();
        BranchStanding before = ask(leader, new BranchRequest.Accept(GID, new Attempt(0, 1, 1), true));
        assertEquals(standing, before, "a lower attempt changes nothing");
        boolean commit = standing.state() != BranchState.ABORTED;
        assertEquals(
                BranchState.decided(commit),
                ask(leader, new BranchRequest.Decide(GID, commit)).state());
        for (TestNode node : List.of(a, b)) {
            if (commit) {
                assertAfter(node);
            } else {
                assertBefore(node);
            }
        }
        assertEqualMembers();
        assertTrue(leader.database().votes().forget(List.of(GID), NANOS));
        for (TestNode node : List.of(a, b)) {
            node.log().drain();
            assertTrue(node.database().votes().isEmpty());
        }
        assertTrue(leader.database().spool().items().isEmpty());
        assertEqualMembers();
    }

    @ParameterizedTest
    @EnumSource
    void it_survives_the_death_of_the_leader(Asked asked) throws Exception {
        BranchStanding standing = reach(asked);
        b.lead();
        a.kill();
        check(b, standing);
        a = startAgain("a");
        check(a, standing);
        end(b, standing);
    }

    @ParameterizedTest
    @EnumSource
    void it_survives_a_stop_of_all_with_checkpoints(Asked asked) throws Exception {
        BranchStanding standing = reach(asked);
        a.close();
        b.close();
        a = startAgain("a");
        b = startAgain("b");
        a.lead();
        check(a, standing);
        check(b, standing);
        end(a, standing);
    }

    @ParameterizedTest
    @EnumSource
    void it_is_in_a_checkpoint_that_a_crash_goes_back_to(Asked asked) throws Exception {
        BranchStanding standing = reach(asked);
        assertNotNull(a.database().storage().checkpoint());
        long at = a.database().storage().checkpointIndex();
        assertEquals(a.database().appliedIndex(), at);
        b.lead();
        a.kill();
        a = startAgain("a");
        check(a, standing);
        end(a, standing);
    }

    @ParameterizedTest
    @EnumSource
    void it_is_in_a_snapshot(Asked asked) throws Exception {
        BranchStanding standing = reach(asked);
        Snapshots ofA = a.database().storage().snapshots(new Members(List.of()), false, () -> {});
        Snapshots ofB = b.database().storage().snapshots(new Members(List.of()), false, () -> {});
        try (Outgoing from = ofA.take(a.database().appliedIndex());
                Incoming to = ofB.receive(from.header())) {
            byte[] all = new byte[(int) from.header().length()];
            to.write(Arrays.copyOf(all, from.read(0, all)));
            to.install();
        }
        check(b, standing);
        end(b, standing);
    }

    @Test
    void what_is_not_prepared_when_it_is_asked_for_never_will_be() throws Exception {
        int number = 0;
        for (Function<Branch, BranchRequest> request : List.<Function<Branch, BranchRequest>>of(
                branch -> new BranchRequest.CanCommit(branch, FIRST),
                branch -> new BranchRequest.Elect(branch.gid(), SECOND),
                branch -> new BranchRequest.Accept(branch.gid(), FIRST, true),
                branch -> new BranchRequest.Decide(branch.gid(), false))) {
            Branch branch = Branch.of("g" + number++, "bank", List.of("bank", "shop", "stock"));
            BranchRequest asked = request.apply(branch);
            try (TestConnection c = a.connect()) {
                write(c);
                assertEquals(BranchState.ABORTED, ask(a, asked).state(), asked.toString());
                DbException e = assertThrows(DbException.class, () -> canCommit(c, branch, CommitId.NONE));
                assertEquals("40001", e.getSQLException().getSQLState(), e.toString());
            }
            assertBefore(a);
            assertEquals(BranchState.ABORTED, standing(b).state());
            assertTrue(a.database().votes().forget(List.of(branch.gid()), NANOS));
        }
        assertEqualMembers();
    }

    @Test
    void what_comes_when_all_have_forgotten_changes_nothing() throws Exception {
        reach(Asked.COMMITTED);
        a.database().votes().forget(List.of(GID), NANOS);
        long entries = group.dataEntries();
        for (BranchRequest late : List.of(
                new BranchRequest.CanCommit(BRANCH, FIRST),
                new BranchRequest.Elect(GID, SECOND),
                new BranchRequest.Accept(GID, SECOND, false),
                new BranchRequest.Decide(GID, true))) {
            assertEquals(BranchState.COMMITTED, ask(a, late).state(), late.toString());
        }
        assertEquals(entries, group.dataEntries());
        assertTrue(a.database().votes().isEmpty());
        try (TestConnection c = a.connect()) {
            c.setAutoCommit(false);
            try (Statement s = c.createStatement()) {
                s.execute("INSERT INTO t VALUES (7, 7, 7)");
            }
            assertThrows(DbException.class, () -> canCommit(c, CommitId.NONE));
        }
        assertAfter(a);
        assertEqualMembers();
    }

    @Test
    void a_node_that_does_not_lead_answers_nothing() throws Exception {
        prepareGlobal(a);
        assertNull(ask(b, new BranchRequest.Elect(GID, SECOND)));
        assertEquals(FIRST, standing(a).elected());
    }

    @Test
    void what_is_open_through_another_node_is_prepared_on_the_leader() throws Exception {
        prepareGlobal(b);
        assertEquals(BranchState.PREPARED, standing(a).state());
        assertLocked(a, HELD);
        ask(a, new BranchRequest.Decide(GID, true));
        assertAfter(a);
        assertAfter(b);
        assertEqualMembers();
    }

    @Test
    void an_answer_that_is_lost_is_no_answer_and_the_leader_knows() throws Exception {
        try (TestConnection c = b.connect()) {
            write(c);
            a.loseNextAnswer(() -> b.lead());
            DbException e = assertThrows(DbException.class, () -> canCommit(c, CommitId.NONE));
            assertEquals("40001", e.getSQLException().getSQLState(), e.toString());
        }
        BranchStanding standing = ask(b, new BranchRequest.CanCommit(BRANCH, FIRST));
        assertEquals(new BranchStanding(BranchState.PREPARED, FIRST, Attempt.NONE), standing);
    }

    @Test
    void a_user_can_neither_prepare_nor_decide_one() throws Exception {
        prepareGlobal(a);
        try (Connection c = a.connect();
                Statement s = c.createStatement()) {
            SQLException e = assertThrows(SQLException.class, () -> s.execute("COMMIT TRANSACTION \"g\""));
            assertEquals(90129, e.getErrorCode(), e.toString());
            SQLException refused = assertThrows(SQLException.class, () -> s.execute("CALL SYNOD.CAN_COMMIT('00')"));
            assertEquals("0A000", refused.getSQLState(), refused.toString());
            assertEquals(0, number(c, "SELECT COUNT(*) FROM SYNOD.IN_DOUBT WHERE TRANSACTION_NAME IS NOT NULL"));
            assertEquals(1, number(c, "SELECT COUNT(*) FROM SYNOD.GLOBAL_TRANSACTIONS"));
        }
        assertEquals(BranchState.PREPARED, standing(b).state());
    }
}
