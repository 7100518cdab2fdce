package io.synod.engine.writeset;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Writers side by side on one member, applied in the order of their commits on another, under the eyes of readers. */
@Timeout(240)
class ConcurrentTwinTest {
    private static final int WRITERS = 4;
    private static final int TRANSFERS = 250;
    private static final int ACCOUNTS = 12;
    private static final byte[] END = {};

    @Test
    void money_moves_by_many_hands_and_the_total_is_the_same_at_each_moment_on_the_follower() throws Exception {
        long seed = Long.getLong("synod.seed", System.nanoTime());
        try (Member leader = Member.inMemory();
                Member follower = Member.inMemory()) {
            for (Member member : List.of(leader, follower)) {
                member.ddl("CREATE TABLE ACCOUNT(ID INT PRIMARY KEY, BALANCE INT)");
                member.ddl("CREATE INDEX B ON ACCOUNT(BALANCE)");
                member.ddl("CREATE TABLE LEDGER(SOURCE INT, TARGET INT, AMOUNT INT)");
            }
            Connection first = leader.connect();
            Member.execute(first, "INSERT INTO ACCOUNT SELECT X, 1000 FROM SYSTEM_RANGE(1, " + ACCOUNTS + ")");
            follower.apply(leader.commit(first));

            ExecutorService threads = Executors.newCachedThreadPool();
            BlockingQueue<byte[]> log = new LinkedBlockingQueue<>();
            AtomicBoolean done = new AtomicBoolean();
            Future<Integer> reader = threads.submit(() -> readTotals(follower, done));
            Future<?> applier = threads.submit(() -> {
                for (byte[] writeSet = log.take(); writeSet != END; writeSet = log.take()) {
                    follower.apply(writeSet);
                }
                return null;
            });
            List<Future<?>> writers = new ArrayList<>();
            for (int i = 0; i < WRITERS; i++) {
                Random random = new Random(seed + i);
                writers.add(threads.submit(() -> transfer(leader, random, log)));
            }
            for (Future<?> writer : writers) {
                writer.get();
            }
            log.add(END);
            applier.get();
            done.set(true);
            assertTrue(reader.get() > 0, "seed " + seed);
            assertEquals(leader.dump(), follower.dump(), "seed " + seed);
            IndexCheck.check(follower.store.database(), follower.system);
            assertEquals(
                    WRITERS * TRANSFERS,
                    follower.dump()
                            .lines()
                            .filter(l -> l.split("\\|").length == 4)
                            .count());
            threads.shutdownNow();
            assertTrue(threads.awaitTermination(10, TimeUnit.SECONDS));
        }
    }

    private static Void transfer(Member leader, Random random, BlockingQueue<byte[]> log) throws SQLException {
        Connection connection = leader.connect();
        Member.execute(connection, "SET LOCK_TIMEOUT 20000");
        for (int i = 0; i < TRANSFERS; i++) {
            int a = 1 + random.nextInt(ACCOUNTS - 1);
            int b = a + 1 + random.nextInt(ACCOUNTS - a); // always upwards: no deadlock
            Member.execute(connection, "UPDATE ACCOUNT SET BALANCE = BALANCE - 1 WHERE ID = " + a);
            Member.execute(connection, "UPDATE ACCOUNT SET BALANCE = BALANCE + 1 WHERE ID = " + b);
            Member.execute(connection, "INSERT INTO LEDGER VALUES(" + a + ", " + b + ", 1)");
            synchronized (log) { // the order of the log is the order of the commits
                log.add(leader.commit(connection));
            }
        }
        return null;
    }

    private static int readTotals(Member follower, AtomicBoolean done) throws SQLException {
        Connection connection = follower.connect();
        int reads = 0;
        try (Statement statement = connection.createStatement()) {
            do {
                try (ResultSet total = statement.executeQuery("SELECT SUM(BALANCE) FROM ACCOUNT")) {
                    assertTrue(total.next());
                    assertEquals(1000 * ACCOUNTS, total.getInt(1));
                }
                Member.session(connection).commit(false);
                reads++;
            } while (!done.get());
        }
        return reads;
    }
}
