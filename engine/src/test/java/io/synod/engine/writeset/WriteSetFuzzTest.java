package io.synod.engine.writeset;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.fuzz.Fuzz;
import java.nio.ByteBuffer;
import java.sql.Connection;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.h2.mvstore.WriteBuffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * A write set that is not what was captured is applied, void, or ends in an exception, at which the member stops. Whichever it is,
 * a rollback leaves the rows as they were; and tables and marks that the bytes only promise cost nothing.
 */
@Timeout(value = 600, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class WriteSetFuzzTest {
    private static final String APPLIED = WriteSetApplier.Outcome.APPLIED.name();
    private static final int BUFFERS = 1 << 20;
    private static final String TABLE =
            "CREATE TABLE A(ID INT PRIMARY KEY, S VARCHAR, B VARBINARY, C CLOB, L INT ARRAY, N NUMERIC(20, 3), U UUID)";

    @Test
    void a_write_set_is_applied_or_refused_and_costs_little() throws Exception {
        try (Member leader = Member.inMemory();
                Member follower = Member.inMemory()) {
            for (Member member : List.of(leader, follower)) {
                member.ddl(TABLE);
                member.ddl("CREATE SEQUENCE S");
            }
            Connection client = leader.connect();
            List<byte[]> valid = new ArrayList<>();
            for (String sql : List.of(
                    "INSERT INTO A SELECT X, 's' || X, X'0102', 'clob', ARRAY[1, 2, NULL], 1.5, RANDOM_UUID() FROM"
                            + " SYSTEM_RANGE(1, 5)",
                    "UPDATE A SET S = 'other' || NEXT VALUE FOR S, L = ARRAY[7] WHERE ID < 4",
                    "DELETE FROM A WHERE ID = 2")) {
                Member.execute(client, sql);
                valid.add(leader.commit(client));
            }
            follower.apply(valid.get(0));
            String before = follower.dump();
            Fuzz.run("write sets", random -> {
                byte[] bytes = random.nextInt(8) == 0
                        ? Fuzz.noise(random, 100)
                        : Fuzz.mutated(valid.get(random.nextInt(valid.size())), random);
                long allocated = Fuzz.allocated();
                // Tables and marks; then all of it.
                String head = outcome(
                        follower,
                        () -> WriteSetApplier.applyOwn(
                                follower.system, follower.tables, follower.marks, ByteBuffer.wrap(bytes)));
                long cost = Fuzz.allocated() - allocated;
                assertTrue(cost <= BUFFERS, () -> cost + " bytes allocated for " + bytes.length);
                String all = outcome(
                        follower,
                        () -> WriteSetApplier.apply(
                                follower.system, follower.tables, follower.marks, ByteBuffer.wrap(bytes)));
                assertTrue(head.equals(APPLIED) || all.equals(head), head + ", then " + all);
                return all;
            });
            assertEquals(before, follower.dump());
        }
    }

    @Test
    void a_count_that_is_not_borne_out_costs_nothing() throws Exception {
        try (Member member = Member.inMemory()) {
            for (int count : new int[] {1 << 26, Integer.MAX_VALUE, -1}) {
                for (byte[] bytes : List.of(head(count), head(0, count), head(0, 1, count))) {
                    long allocated = Fuzz.allocated();
                    assertEquals(
                            IllegalStateException.class.getSimpleName(),
                            outcome(
                                    member,
                                    () -> WriteSetApplier.applyOwn(
                                            member.system, member.tables, member.marks, ByteBuffer.wrap(bytes))));
                    long cost = Fuzz.allocated() - allocated;
                    assertTrue(cost <= BUFFERS, () -> cost + " bytes allocated for a count of " + count);
                }
            }
        }
    }

    /** Tables; tables and marks; tables, marks and the length of the first one's name. */
    private static byte[] head(int... counts) {
        WriteBuffer out = new WriteBuffer();
        out.put(WriteSetFormat.VERSION);
        for (int count : counts) {
            out.putVarInt(count);
        }
        return WriteSetFormat.toBytes(out);
    }

    private static String outcome(Member member, Supplier<WriteSetApplier.Outcome> applied) {
        try {
            return applied.get().name();
        } catch (RuntimeException | OutOfMemoryError e) {
            // Lengths inside of a row are H2's to read.
            return e.getClass().getSimpleName();
        } finally {
            member.system.rollback();
        }
    }
}
