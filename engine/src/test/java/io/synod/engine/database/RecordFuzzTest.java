package io.synod.engine.database;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.branch.Attempt;
import io.synod.branch.Branch;
import io.synod.branch.BranchEntry;
import io.synod.branch.BranchRequest;
import io.synod.fuzz.Fuzz;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The payload of an entry is a record, which is encoded to itself again, or is refused. */
@Timeout(value = 600, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class RecordFuzzTest {
    private static final CommitId ID = new CommitId(new UUID(1, 2), 3);
    private static final Attempt ATTEMPT = new Attempt(2, 3, 1L << 41);
    private static final Branch BRANCH = Branch.of("g", "a", List.of("a", "b"));
    /** Such as what a class that is used for the first time takes. */
    private static final int BUFFERS = 1 << 20;

    private static final int PER_BYTE = 64;

    private static final List<LogRecord> RECORDS = List.of(
            new LogRecord.WriteSet(ID, new byte[] {1, 2, 3}),
            new LogRecord.Statement(
                    ID, "SA", "PUBLIC", List.of("SET @a = 1", "x"), List.of("P.T"), true, "DROP TABLE t"),
            new LogRecord.Fence(ID),
            new LogRecord.Digest(),
            new LogRecord.Ended(7, -3),
            new LogRecord.Marks(new byte[] {5, 6}),
            new LogRecord.Expire(1, 2, 3),
            new LogRecord.Part("key", 4, new byte[40]),
            new LogRecord.Spooled(ID, "key", 5, new byte[] {1}),
            new LogRecord.Abandon("key"),
            new LogRecord.Prepared(ID, BRANCH, ATTEMPT, "SA", 4, "key", 2, new byte[] {5}, new byte[] {6, 7}),
            new LogRecord.Prepared(ID, BRANCH, Attempt.NONE, "SA", 4, "", 0, new byte[0], new byte[] {6, 7}),
            new LogRecord.Decided(ID, "g", true),
            new LogRecord.Decided(ID, "g", false),
            new LogRecord.Voted(new BranchEntry.Elected("g", ATTEMPT)),
            new LogRecord.Voted(new BranchEntry.Accepted("g", ATTEMPT, true)),
            new LogRecord.Voted(new BranchEntry.Refused("g")),
            new LogRecord.Forgotten(List.of("g", "h")));

    @Test
    void every_kind_is_among_them() {
        assertTrue(List.of(LogRecord.class.getPermittedSubclasses()).stream()
                .allMatch(kind -> RECORDS.stream().anyMatch(kind::isInstance)));
    }

    @Test
    void a_payload_is_a_record_or_is_refused() {
        Fuzz.run("records", random -> {
            byte[] valid = RECORDS.get(random.nextInt(RECORDS.size())).encode();
            assertArrayEquals(valid, LogRecord.decode(valid).encode());
            byte[] bytes = random.nextInt(8) == 0 ? Fuzz.noise(random, 100) : Fuzz.mutated(valid, random);
            long before = Fuzz.allocated();
            LogRecord record = null;
            try {
                record = LogRecord.decode(bytes);
            } catch (IllegalArgumentException e) {
                assertNotNull(e.getMessage());
            }
            long allocated = Fuzz.allocated() - before;
            assertTrue(
                    allocated <= BUFFERS + (long) PER_BYTE * bytes.length,
                    () -> allocated + " bytes allocated for " + bytes.length);
            if (record == null) {
                return "refused";
            }
            // What follows a record of known length is not looked at.
            byte[] once = record.encode();
            assertArrayEquals(once, LogRecord.decode(once).encode());
            return "record";
        });
    }

    @Test
    void a_request_to_prepare_is_one_or_is_refused() {
        byte[] valid = BranchCodec.encode(new BranchRequest.CanCommit(BRANCH, ATTEMPT));
        Fuzz.run("requests to prepare", random -> {
            byte[] bytes = Fuzz.mutated(valid, random);
            try {
                byte[] once = BranchCodec.encode(BranchCodec.decodeCanCommit(bytes));
                assertArrayEquals(once, BranchCodec.encode(BranchCodec.decodeCanCommit(once)));
                return "request";
            } catch (IllegalArgumentException e) {
                return "refused";
            }
        });
    }
}
