package io.synod.engine.node;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.engine.database.HostedDatabase;
import io.synod.engine.session.MemberCommands.Done;
import io.synod.engine.snapshot.H2Store;
import io.synod.group.Member;
import io.synod.group.Members;
import io.synod.jdbc.SynodUrl;
import io.synod.paxos.MemberChange;
import io.synod.paxos.MemberChange.Outcome;
import io.synod.paxos.MemberChange.Refusal;
import io.synod.replica.Patience;
import io.synod.replica.ReplicatedLog;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.h2.message.DbException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What the leader refuses for now, and for whom it is asked again. */
@Timeout(120)
class RefusedChangeTest {
    private static final long FOR_EVER_MILLIS = 3_600_000;

    @TempDir
    private Path directory;

    private final List<MemberChange> asked = Collections.synchronizedList(new ArrayList<>());
    /** What the leader says, one after the other; the last one again and again. */
    private final Queue<Outcome> answers = new ArrayDeque<>();

    private volatile Runnable meanwhile = () -> {};

    private NodeConfig config;
    private Members members;
    private H2Store store;

    @BeforeEach
    void open() throws Exception {
        config = NodeConfig.of(SynodUrl.parse(
                "jdbc:synod:file:" + directory.resolve("shop")
                        + ";NODE=a;LISTEN=127.0.0.1:1;PEERS=b@127.0.0.1:2,c@127.0.0.1:3",
                null));
        List<Member> all = new ArrayList<>(config.members().all());
        all.add(new Member(4, "d", Member.UNSEEN, Member.Role.LEARNER, "127.0.0.1:4"));
        members = new Members(all);
        store = H2Store.openMemory("shop", Map.of());
    }

    @AfterEach
    void close() {
        store.close();
    }

    private HostedDatabase database(long timeoutMillis) throws Exception {
        HostedDatabase database = new HostedDatabase("shop", "a", store, timeoutMillis);
        database.attach((ReplicatedLog) Proxy.newProxyInstance(
                ReplicatedLog.class.getClassLoader(),
                new Class<?>[] {ReplicatedLog.class},
                (proxy, method, args) -> switch (method.getName()) {
                    case "members", "committedMembers" -> members;
                    case "awaitLeader" -> "a";
                    case "changeMembers" -> {
                        asked.add((MemberChange) args[0]);
                        meanwhile.run();
                        yield answers.size() > 1 ? answers.remove() : answers.element();
                    }
                    case "commitIndex", "appliedIndex" -> 0L;
                    case "status" -> List.of();
                    default -> throw new UnsupportedOperationException(method.getName());
                }));
        return database;
    }

    private MemberChanges changes(HostedDatabase database) throws Exception {
        NodePlace place = NodePlace.beginning(config);
        List<HostedDatabase> hosted = List.of(database);
        return new MemberChanges(
                config,
                place,
                IdentityFile.open(directory, config),
                new CurrentMembers(place, () -> CurrentMembers.logsOf(hosted)),
                null,
                () -> hosted);
    }

    private void leaderSays(Outcome... said) {
        answers.clear();
        answers.addAll(List.of(said));
        asked.clear();
    }

    private static Outcome refused() {
        return Outcome.refused(Refusal.MAJORITY_OUT_OF_REACH);
    }

    /** As it is after a start, or a collection of garbage. */
    @Test
    void a_voter_that_is_a_moment_behind_is_waited_for_whatever_a_person_asks() throws Exception {
        MemberChanges changes = changes(database(FOR_EVER_MILLIS));
        Outcome done = new Outcome(7, null);
        leaderSays(refused(), refused(), done);
        assertEquals(List.of(new Done("shop", "w", "WITNESS")), changes.addWitness("w@127.0.0.1:5"));
        leaderSays(refused(), refused(), done);
        assertEquals(List.of(new Done("shop", "d", "VOTER")), changes.promote("d"));
        leaderSays(refused(), refused(), done);
        assertEquals(List.of(new Done("shop", "c", "LEARNER")), changes.demote("c"));
        leaderSays(refused(), refused(), done);
        assertEquals(List.of(new Done("shop", "c", "REMOVED")), changes.remove("c"));
        assertEquals(3, asked.size());
    }

    @Test
    void one_that_stays_away_is_waited_for_some_seconds_at_most() throws Exception {
        MemberChanges changes = changes(database(FOR_EVER_MILLIS));
        leaderSays(refused());
        DbException e = assertThrows(DbException.class, () -> changes.remove("c"));
        assertEquals("55000", e.getSQLException().getSQLState());
        assertTrue(e.getMessage().contains("a majority of the voters"), e.getMessage());
        assertTrue(asked.size() > 1, "asked once");
    }

    @Test
    void nobody_waits_longer_than_the_time_out() throws Exception {
        MemberChanges changes = changes(database(2_000));
        for (Refusal refusal : List.of(Refusal.MAJORITY_OUT_OF_REACH, Refusal.TOO_EARLY)) {
            leaderSays(Outcome.refused(refusal));
            DbException e = assertThrows(DbException.class, () -> changes.demote("c"));
            assertTrue(e.getMessage().contains(refusal.text()), e.getMessage());
            assertTrue(asked.size() < 200, asked.size() + " times");
        }
    }

    /** The node asks again by itself, and others wait for that thread. */
    @Test
    void a_node_that_comes_back_is_told_at_once() throws Exception {
        HostedDatabase database = database(FOR_EVER_MILLIS);
        leaderSays(refused());
        assertEquals(Refusal.MAJORITY_OUT_OF_REACH, changes(database).voteAgain(database));
        assertEquals(1, asked.size());
    }

    /** Else what is the next slot here, a node may have elsewhere. */
    @Test
    void a_node_that_moves_is_the_one_that_its_leader_has_met() throws Exception {
        HostedDatabase database = database(FOR_EVER_MILLIS);
        MemberChanges changes = changes(database);
        UUID met = new UUID(3, 3);
        IdentityFile.open(directory, config).firstSeen("c", 3, met);
        leaderSays(new Outcome(7, null));
        changes(database).move("c@127.0.0.1:9");
        assertEquals(met, asked.get(0).incarnation());
        changes.move("b@127.0.0.1:9");
        assertEquals(Member.UNSEEN, asked.get(1).incarnation(), "it was never there");
    }

    @Test
    void what_does_not_pass_by_itself_is_not_asked_for_again() throws Exception {
        MemberChanges changes = changes(database(FOR_EVER_MILLIS));
        leaderSays(Outcome.refused(Refusal.LEARNER_IS_BEHIND));
        assertNotNull(assertThrows(DbException.class, () -> changes.promote("d")));
        assertEquals(1, asked.size());
    }

    /** What goes wrong there is known to whoever asked, at once and not when nobody answers in time. */
    @Test
    void a_node_that_asks_hears_what_went_wrong() throws Exception {
        MemberChanges changes = changes(database(FOR_EVER_MILLIS));
        meanwhile = () -> {
            throw new IllegalStateException("no space left");
        };
        leaderSays(refused());
        CompletableFuture<byte[]> answer = new CompletableFuture<>();
        changes.asked(
                HostedDatabase.groupId("shop"), MemberMessages.encode(MemberChange.remove("c")), answer::complete);
        byte[] bytes = answer.get(60, TimeUnit.SECONDS);
        RuntimeException e = assertThrows(RuntimeException.class, () -> MemberMessages.decodeAnswer(bytes));
        assertTrue(e.getMessage().contains("no space left"), e.getMessage());
    }

    @Test
    void whoever_waits_for_another_change_can_be_cancelled() throws Exception {
        MemberChanges changes = changes(database(FOR_EVER_MILLIS));
        leaderSays(new Outcome(7, null));
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        meanwhile = () -> {
            begun.countDown();
            awaited(goOn);
        };
        CompletableFuture<?> first = CompletableFuture.runAsync(() -> changes.remove("c"));
        assertTrue(begun.await(60, TimeUnit.SECONDS));
        CompletableFuture<DbException> second = CompletableFuture.supplyAsync(() -> {
            try (Patience cancelled = Patience.begin(0)) {
                cancelled.giveUp();
                return assertThrows(DbException.class, () -> changes.demote("b"));
            }
        });
        try {
            assertEquals(
                    "HYT00", second.get(60, TimeUnit.SECONDS).getSQLException().getSQLState());
            assertFalse(first.isDone());
        } finally {
            goOn.countDown();
        }
        first.get(60, TimeUnit.SECONDS);
        meanwhile = () -> {};
        assertEquals(List.of(new Done("shop", "b", "LEARNER")), changes.demote("b"));
    }

    private static void awaited(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
