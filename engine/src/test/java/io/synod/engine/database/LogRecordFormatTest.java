package io.synod.engine.database;

import io.synod.branch.Attempt;
import io.synod.branch.Branch;
import io.synod.branch.BranchEntry;
import io.synod.formats.Golden;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** Entries that other releases have written are understood: {@code formats/records.txt}. */
class LogRecordFormatTest {
    private static final CommitId ID = new CommitId(new UUID(1, 2), 3);
    private static final Branch BRANCH = Branch.of("g", "shop", List.of("shop", "bank"));
    private static final Attempt ATTEMPT = new Attempt(2, 3, 1L << 41);

    private static Map<String, LogRecord> records() {
        Map<String, LogRecord> records = new LinkedHashMap<>();
        records.put("WriteSet", new LogRecord.WriteSet(ID, new byte[] {1, 2, 3}));
        records.put(
                "Statement",
                new LogRecord.Statement(
                        ID, "SA", "PUBLIC", List.of("SET X"), List.of("PUBLIC.T"), true, "ALTER TABLE T …"));
        records.put("Fence", new LogRecord.Fence(ID));
        records.put("Digest", new LogRecord.Digest());
        records.put("Ended", new LogRecord.Ended(7, -3));
        records.put("Marks", new LogRecord.Marks(new byte[] {5, 6}));
        records.put("Expire", new LogRecord.Expire(1, 2, 3));
        records.put("Part", new LogRecord.Part("key", 4, new byte[] {9, 8}));
        records.put("Spooled", new LogRecord.Spooled(ID, "key", 5, new byte[] {1}));
        records.put("Abandon", new LogRecord.Abandon("key"));
        records.put(
                "Prepared",
                new LogRecord.Prepared(ID, BRANCH, ATTEMPT, "SA", 4, "key", 2, new byte[] {5}, new byte[] {6, 7}));
        records.put(
                "Prepared-alone",
                new LogRecord.Prepared(
                        ID, Branch.alone("g", "shop"), Attempt.NONE, "SA", 4, "", 0, new byte[0], new byte[] {6, 7}));
        records.put("Decided-commit", new LogRecord.Decided(ID, "g", true));
        records.put("Decided-rollback", new LogRecord.Decided(ID, "g", false));
        records.put("Elected", new LogRecord.Voted(new BranchEntry.Elected("g", ATTEMPT)));
        records.put("Accepted", new LogRecord.Voted(new BranchEntry.Accepted("g", ATTEMPT, true)));
        records.put("Refused", new LogRecord.Voted(new BranchEntry.Refused("g")));
        records.put("Forgotten", new LogRecord.Forgotten(List.of("g", "h")));
        return records;
    }

    @Test
    void entries_of_all_releases_are_understood() throws Exception {
        Golden.of(LogRecordFormatTest.class, "/formats/records.txt").check(records(), new Golden.Format<LogRecord>() {
            @Override
            public byte[] encode(LogRecord record) {
                return record.encode();
            }

            @Override
            public LogRecord decode(byte[] bytes) {
                return LogRecord.decode(bytes);
            }
        });
    }
}
