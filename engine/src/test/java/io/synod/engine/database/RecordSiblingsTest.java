package io.synod.engine.database;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import io.synod.branch.Attempt;
import io.synod.branch.Branch;
import io.synod.branch.BranchEntry;
import io.synod.replica.Siblings;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class RecordSiblingsTest {
    private static final Attempt ATTEMPT = new Attempt(1, 2, 3);
    private static final CommitId ID = new CommitId(new UUID(1, 2), 3);

    private static byte[] prepared(Branch branch, Attempt attempt) {
        return new LogRecord.Prepared(ID, branch, attempt, "SA", 7, "", 0, new byte[3], new byte[300]).encode();
    }

    private static byte[] voted(BranchEntry entry) {
        return new LogRecord.Voted(entry).encode();
    }

    @Test
    void records_of_one_phase_of_a_transaction_are_siblings_and_the_first_tells_whose() {
        byte[] first = prepared(Branch.of("t", "shop", List.of("shop", "stock")), ATTEMPT);
        Siblings can = RecordSiblings.of(first);
        assertEquals("t", can.family());
        assertArrayEquals(new long[] {HostedDatabase.groupId("shop"), HostedDatabase.groupId("stock")}, can.groups());
        assertEquals(new Siblings("t", can.phase(), null), RecordSiblings.of(voted(new BranchEntry.Refused("t"))));

        Siblings pre = RecordSiblings.of(voted(new BranchEntry.Accepted("t", ATTEMPT, true)));
        Siblings end = RecordSiblings.of(new LogRecord.Decided(CommitId.NONE, "t", true).encode());
        assertEquals(new Siblings("t", pre.phase(), null), pre);
        assertEquals(new Siblings("t", end.phase(), null), end);
        assertEquals(end, RecordSiblings.of(new LogRecord.Decided(CommitId.NONE, "t", false).encode()));
        assertNotEquals(can.phase(), pre.phase());
        assertNotEquals(pre.phase(), end.phase());
        assertNotEquals(can.phase(), end.phase());
    }

    @Test
    void other_records_have_none() {
        assertNull(RecordSiblings.of(prepared(Branch.alone("xa", "shop"), Attempt.NONE)));
        assertNull(RecordSiblings.of(new LogRecord.WriteSet(ID, new byte[40]).encode()));
        assertNull(RecordSiblings.of(voted(new BranchEntry.Elected("t", ATTEMPT))));
        assertNull(RecordSiblings.of(new LogRecord.Forgotten(List.of("t")).encode()));
        assertNull(RecordSiblings.of(new LogRecord.Digest().encode()));
        assertNull(RecordSiblings.of(new byte[0]));
    }

    @Test
    void what_cannot_be_read_has_none_and_does_no_harm() {
        byte[] whole = prepared(Branch.of("t", "shop", List.of("shop", "stock")), ATTEMPT);
        int head = whole.length - 300;
        for (int length = 0; length < head - 60; length++) {
            byte[] cut = Arrays.copyOf(whole, length);
            for (byte kind = 11; kind <= 16 && length > 1; kind++) {
                cut[1] = kind;
                RecordSiblings.of(cut);
            }
        }
        assertNull(RecordSiblings.of(Arrays.copyOf(whole, 40)));
        whole[2] = 99;
        assertNull(RecordSiblings.of(whole));
    }
}
