package io.synod.engine.database;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.synod.branch.Attempt;
import io.synod.branch.Branch;
import io.synod.branch.BranchEntry;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class LogRecordTest {
    private static final int VERSION_AT = 2;
    private static final Attempt ATTEMPT = new Attempt(2, 3, 1L << 41);

    private static LogRecord.Prepared prepared(Branch branch, Attempt attempt) {
        return new LogRecord.Prepared(
                new CommitId(new UUID(1, 2), 3), branch, attempt, "SA", 4, "", 0, new byte[] {5}, new byte[] {6, 7});
    }

    @Test
    void votes_come_out_as_they_went_in() {
        for (BranchEntry entry : List.of(
                new BranchEntry.Elected("g", ATTEMPT),
                new BranchEntry.Accepted("g", ATTEMPT, true),
                new BranchEntry.Accepted("g", ATTEMPT, false),
                new BranchEntry.Refused("g"))) {
            LogRecord record = new LogRecord.Voted(entry);
            assertEquals(record, LogRecord.decode(record.encode()));
        }
        LogRecord forgotten = new LogRecord.Forgotten(List.of("g", "h"));
        assertEquals(forgotten, LogRecord.decode(forgotten.encode()));
    }

    @Test
    void a_prepared_branch_keeps_its_coordinators_attempt() {
        LogRecord.Prepared before = prepared(Branch.of("g", "a", List.of("a", "b")), ATTEMPT);
        LogRecord.Prepared after = (LogRecord.Prepared) LogRecord.decode(before.encode());
        assertEquals(before.branch(), after.branch());
        assertEquals(ATTEMPT, after.attempt());
        assertArrayEquals(before.rows(), after.rows());
    }

    /** Releases before this one read, and have written, branches that stand for themselves. */
    @Test
    void without_an_attempt_it_is_the_record_of_version_1() {
        byte[] record = prepared(Branch.alone("g", "a"), Attempt.NONE).encode();
        assertEquals(1, record[VERSION_AT]);
        LogRecord.Prepared after = (LogRecord.Prepared) LogRecord.decode(record);
        assertEquals(Attempt.NONE, after.attempt());
        assertEquals("SA", after.user());
        assertArrayEquals(new byte[] {6, 7}, after.rows());
    }

    @Test
    void later_versions_and_kinds_are_refused() {
        for (LogRecord record : List.of(
                prepared(Branch.alone("g", "a"), ATTEMPT),
                new LogRecord.Voted(new BranchEntry.Refused("g")),
                new LogRecord.Forgotten(List.of("g")))) {
            byte[] later = record.encode();
            later[VERSION_AT] += 2;
            assertThrows(IllegalArgumentException.class, () -> LogRecord.decode(later), record.toString());
        }
        assertThrows(IllegalArgumentException.class, () -> LogRecord.decode(new byte[] {1, 18}));
    }
}
