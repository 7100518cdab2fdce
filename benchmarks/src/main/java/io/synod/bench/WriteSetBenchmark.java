package io.synod.bench;

import io.synod.engine.snapshot.H2Store;
import io.synod.engine.writeset.SequenceMarks;
import io.synod.engine.writeset.TableRegistry;
import io.synod.engine.writeset.WriteSetApplier;
import io.synod.engine.writeset.WriteSetCapture;
import java.nio.ByteBuffer;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.h2.engine.SessionLocal;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What does it cost to capture a transaction's write set, and to apply one, against the SQL statement that makes the same
 * change? Table in memory with a primary key and one more index. Run: {@code java -jar benchmarks/target/benchmarks.jar jmh --
 * WriteSetBenchmark}.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class WriteSetBenchmark {
    private static final int TABLE_ROWS = 10_000;

    @Param({"1", "100"})
    private int rows;

    private H2Store store;
    private TableRegistry tables;
    private SequenceMarks marks;
    private SessionLocal applying;
    private SessionLocal writing;
    private SessionLocal open;
    private String update;
    private byte[] there;
    private byte[] back;
    private boolean isThere;

    @Setup
    public void open() throws SQLException {
        store = H2Store.openMemory("test", Map.of());
        applying = store.systemSession();
        writing = store.systemSession();
        tables = TableRegistry.load(applying);
        marks = SequenceMarks.load(applying);
        execute(applying, "CREATE TABLE T(ID BIGINT PRIMARY KEY, V INTEGER, NAME VARCHAR(100))");
        execute(applying, "CREATE INDEX T_V ON T(V)");
        tables.onDdlApplied(applying, 1, List.of());
        marks.onDdlApplied(applying, null);
        applying.commit(false);
        execute(applying, "INSERT INTO T SELECT X, 0, 'name of row ' || X FROM SYSTEM_RANGE(1, " + TABLE_ROWS + ")");
        applying.commit(false);
        update = "UPDATE T SET V = 1 - V WHERE ID <= " + rows;
        execute(writing, update);
        there = WriteSetCapture.capture(writing, tables, marks);
        writing.commit(false);
        execute(writing, update);
        back = WriteSetCapture.capture(writing, tables, marks);
        // Its transaction is rolled back, so that the rows are as the first write set leaves them.
        writing.rollback();
        isThere = true;
    }

    @TearDown
    public void close() {
        store.abandon();
    }

    private static void execute(SessionLocal session, String sql) {
        session.lock();
        try {
            session.prepareLocal(sql).executeUpdate(null);
        } finally {
            session.unlock();
        }
    }

    @Benchmark
    public byte[] capture() {
        if (open == null) {
            openTransaction();
        }
        return WriteSetCapture.capture(open, tables, marks);
    }

    /** Stays open and is captured again and again. Only here: the old rows that it pins would slow the others down. */
    private void openTransaction() {
        open = store.systemSession();
        execute(open, update);
        if (WriteSetCapture.capture(open, tables, marks) == null) {
            throw new IllegalStateException("nothing was captured");
        }
    }

    @Benchmark
    public WriteSetApplier.Outcome apply_and_commit() {
        WriteSetApplier.Outcome outcome =
                WriteSetApplier.apply(applying, tables, marks, ByteBuffer.wrap(isThere ? back : there));
        applying.commit(false);
        isThere = !isThere;
        return outcome;
    }

    @Benchmark
    public void sql_and_commit() {
        execute(writing, update);
        writing.commit(false);
    }
}
