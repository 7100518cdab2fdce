package io.synod.engine.database;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.branch.Attempt;
import io.synod.branch.Branch;
import io.synod.engine.snapshot.H2Store;
import io.synod.engine.writeset.WriteSetCapture;
import io.synod.group.Entry;
import io.synod.group.EntryKind;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.h2.engine.SessionLocal;
import org.junit.jupiter.api.Test;

class PreparedBranchesTest {
    private static final CommitId ID = new CommitId(new UUID(1, 2), 3);

    /** Else whoever asks for it finds nothing in H2, is told that it will never commit, and does it again. */
    @Test
    void it_may_still_commit_until_it_is_committed_in_h2() throws Exception {
        H2Store store = H2Store.openMemory("bank", Map.of());
        try (HostedDatabase database = new HostedDatabase("bank", "a", store, 1_000)) {
            LocalCopy copy = database.copy();
            SessionLocal session = store.systemSession();
            session.lock();
            try {
                session.prepareCommand("CREATE TABLE T(ID INT PRIMARY KEY)").executeUpdate(null);
                copy.tables().onDdlApplied(session, 1, List.of());
                session.setAutoCommit(false);
                session.prepareCommand("INSERT INTO T VALUES (1)").executeUpdate(null);
                byte[] rows = WriteSetCapture.capture(session, copy.tables(), copy.marks());
                session.rollback();
                LogRecord.Prepared record = new LogRecord.Prepared(
                        ID,
                        Branch.of("g", "bank", List.of("bank", "shop")),
                        new Attempt(1, 1, 1),
                        "SA",
                        0,
                        "",
                        0,
                        new byte[0],
                        rows);
                copy.branches().prepare(session, new Entry(1, 2, EntryKind.DATA, record.encode()), record, null);
                session.commit(false);
                List<Boolean> before = new ArrayList<>();
                copy.branches().commit("g", s -> before.add(copy.branches().mayStillCommit(ID)));
                assertEquals(List.of(true), before);
                assertFalse(copy.branches().mayStillCommit(ID));
                assertTrue(copy.branches().list().isEmpty());
            } finally {
                session.unlock();
            }
        }
    }
}
