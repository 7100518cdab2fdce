package io.synod.engine.snapshot;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.engine.writeset.Member;
import java.nio.file.Path;
import java.sql.Connection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.h2.engine.IsolationLevel;
import org.h2.mvstore.MVStore;
import org.h2.mvstore.tx.Transaction;
import org.h2.mvstore.tx.TransactionStore;
import org.h2.mvstore.type.StringDataType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What happens when, while one transaction rolls back, another one commits a change of the row that has just been freed, and
 * the store writes a chunk.
 */
class RollbackOnceTest {
    private static final StringDataType TEXT = StringDataType.INSTANCE;

    @TempDir
    Path directory;

    /** The ways to undo a change; a failed statement is undone as to a savepoint. */
    private enum Undo {
        TRANSACTION(Transaction::rollback),
        SAVEPOINT(transaction -> transaction.rollbackToSavepoint(0));

        private final Consumer<Transaction> undo;

        Undo(Consumer<Transaction> undo) {
            this.undo = undo;
        }
    }

    static List<Undo> undos() {
        return List.of(Undo.values());
    }

    /** What is left of the other transaction's commit, and how often H2 has restored the row. */
    private record Outcome(String value, int restored) {}

    private static Outcome rollBackUnderACommit(MVStore chunks, TransactionStore store, Undo undo) {
        put(store, "committed before");
        AtomicInteger restored = new AtomicInteger();
        TransactionStore.RollbackListener listener = (map, key, existing, value) -> {
            if (restored.incrementAndGet() == 1) {
                CompletableFuture.runAsync(() -> {
                            put(store, "committed meanwhile");
                            chunks.commit();
                        })
                        .join();
            }
        };
        Transaction transaction = store.begin(listener, 1_000, 0, IsolationLevel.READ_COMMITTED);
        transaction.openMap("rows", TEXT, TEXT).put("row", "rolled back");
        undo.undo.accept(transaction);
        Transaction reader = store.begin();
        Object value = reader.openMap("rows", TEXT, TEXT).get("row");
        reader.commit();
        return new Outcome((String) value, restored.get());
    }

    private static void put(TransactionStore store, String value) {
        Transaction transaction = store.begin();
        transaction.openMap("rows", TEXT, TEXT).put("row", value);
        transaction.commit();
    }

    @ParameterizedTest
    @MethodSource("undos")
    void a_rollback_restores_a_row_once_and_keeps_what_was_committed_since(Undo undo) throws Exception {
        try (H2Store store = H2Store.openFile(directory.resolve("shop"), Map.of())) {
            MVStore chunks = store.database().getStore().getMvStore();
            TransactionStore transactions = store.database().getStore().getTransactionStore();
            assertEquals(
                    new Outcome("committed meanwhile", 1), rollBackUnderACommit(chunks, transactions, undo), "synod");
        }
    }

    /** When this fails, H2 has been mended, and Synod's undo logs can go. */
    @ParameterizedTest
    @MethodSource("undos")
    void h2_alone_restores_the_row_again_and_loses_the_commit(Undo undo) {
        try (MVStore chunks = new MVStore.Builder()
                .fileName(directory.resolve("plain").toString())
                .autoCommitDisabled()
                .open()) {
            TransactionStore transactions = new TransactionStore(chunks);
            transactions.init();
            assertEquals(new Outcome("committed before", 2), rollBackUnderACommit(chunks, transactions, undo), "h2");
        }
    }

    @Test
    void the_many_transactions_of_many_sessions_all_roll_back_once() throws Exception {
        try (Member member = Member.onFile(directory.resolve("shop"))) {
            member.ddl("CREATE TABLE T(ID INT PRIMARY KEY)");
            TransactionStore transactions = member.store.database().getStore().getTransactionStore();
            for (int i = 0; i < 100; i++) {
                Connection open = member.connect();
                Member.execute(open, "INSERT INTO T VALUES(" + i + ")");
            }
            assertTrue(transactions.getOpenTransactions().size() >= 100);
            MVStore chunks = member.store.database().getStore().getMvStore();
            assertEquals(
                    new Outcome("committed meanwhile", 1),
                    rollBackUnderACommit(chunks, transactions, Undo.TRANSACTION));
        }
    }
}
