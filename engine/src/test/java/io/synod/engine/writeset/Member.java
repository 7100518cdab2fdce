package io.synod.engine.writeset;

import io.synod.engine.snapshot.Checkpoint;
import io.synod.engine.snapshot.H2Store;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Types;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.h2.engine.SessionLocal;
import org.h2.jdbc.JdbcConnection;
import org.h2.mvstore.db.MVTable;

/** One member's H2 without a log: the test says what is committed, in which order. */
public final class Member implements AutoCloseable {
    public final H2Store store;
    public final SessionLocal system;
    public final TableRegistry tables;
    public final SequenceMarks marks;
    public final AppliedState state;
    public final Checkpoint checkpoint;
    final Spool spool;

    private Member(H2Store store) throws IOException {
        this.store = store;
        this.system = store.systemSession();
        this.tables = TableRegistry.load(system);
        this.marks = SequenceMarks.load(system);
        this.state = AppliedState.load(system);
        this.spool = Spool.open(store.database().getStore().getMvStore());
        system.commit(false);
        this.checkpoint = checkpoints(store, state);
    }

    private static Checkpoint checkpoints(H2Store store, AppliedState state) {
        try {
            return store.checkpoints(state::appliedIndex);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    public static Member inMemory() throws SQLException {
        try {
            return new Member(H2Store.openMemory("test", Map.of()));
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    public static Member onFile(Path base) throws SQLException, IOException {
        return new Member(H2Store.openFile(base, Map.of()));
    }

    /** A connection of the system user without auto-commit. */
    public Connection connect() throws SQLException {
        return new JdbcConnection(store.systemSession(), "SYSTEM", "jdbc:synod:test");
    }

    public static SessionLocal session(Connection connection) {
        return (SessionLocal) ((JdbcConnection) connection).getSession();
    }

    /** Commits the connection's transaction as a leader would, and returns its write set. */
    public byte[] commit(Connection connection) {
        SessionLocal session = session(connection);
        byte[] writeSet = WriteSetCapture.capture(session, tables, marks);
        if (writeSet == null) {
            session.commit(false);
            return null;
        }
        if (WriteSetApplier.applyOwn(session, tables, marks, ByteBuffer.wrap(writeSet))
                == WriteSetApplier.Outcome.VOID) {
            throw new IllegalStateException("void");
        }
        finish(session);
        return writeSet;
    }

    /** A write set in parts. */
    record Parts(List<byte[]> parts, byte[] head) {}

    /** The same as {@link #commit}, in parts of this size; {@code null} when nothing was changed. */
    Parts commitInParts(Connection connection, int partBytes) {
        SessionLocal session = session(connection);
        List<byte[]> parts = new ArrayList<>();
        try (LargeCapture capture = new LargeCapture(session, tables, partBytes, 2 * partBytes)) {
            for (byte[] part = capture.next(); part != null; part = capture.next()) {
                parts.add(part);
            }
            byte[] head = capture.head(marks);
            if (head == null) {
                session.commit(false);
                return null;
            }
            if (WriteSetApplier.applyOwn(session, tables, marks, ByteBuffer.wrap(head))
                    == WriteSetApplier.Outcome.VOID) {
                throw new IllegalStateException("void");
            }
            finish(session);
            return new Parts(parts, head);
        }
    }

    /** Applies another member's write set that was committed in parts; {@code null} is none. */
    WriteSetApplier.Outcome apply(Parts writeSet) {
        if (writeSet == null) {
            return null;
        }
        String key = "k" + state.appliedIndex();
        for (int i = 0; i < writeSet.parts.size(); i++) {
            spool.append(key, i, writeSet.parts.get(i));
        }
        WriteSetApplier.Outcome outcome =
                WriteSetApplier.applySpooled(system, tables, marks, writeSet.head, spool, key);
        spool.drop(key);
        finish(system);
        return outcome;
    }

    /** Applies another member's write set; {@code null} is none. */
    public WriteSetApplier.Outcome apply(byte[] writeSet) {
        if (writeSet == null) {
            return null;
        }
        WriteSetApplier.Outcome outcome = WriteSetApplier.apply(system, tables, marks, ByteBuffer.wrap(writeSet));
        finish(system);
        return outcome;
    }

    public void applyMarks(byte[] encoded) {
        marks.apply(system, ByteBuffer.wrap(encoded));
        finish(system);
    }

    /** Executes a statement as DDL at the next index. */
    public void ddl(String sql, String... touched) throws SQLException {
        boolean restarts = sql.contains("RESTART");
        if (restarts) {
            marks.beforeRestart(sql);
        }
        system.lock();
        try {
            system.prepareLocal(sql).executeUpdate(null);
            tables.onDdlApplied(system, state.appliedIndex() + 1, List.of(touched));
            marks.onDdlApplied(system, restarts ? sql : null);
            finish(system);
        } finally {
            system.unlock();
        }
    }

    private void finish(SessionLocal session) {
        long index = state.appliedIndex() + 1;
        state.advance(session, index, 1);
        session.commit(false);
        state.committed(index, 1);
    }

    /** All rows of all replicated tables with their row keys, as text. */
    public String dump() throws SQLException {
        StringBuilder text = new StringBuilder();
        Connection connection = connect();
        for (MVTable table : TableRegistry.replicatedTables(store.database(), system)) {
            text.append(TableRegistry.name(table)).append('\n');
            String sql = "SELECT _ROWID_, T.* FROM " + table.getSQL(0) + " T ORDER BY _ROWID_";
            try (Statement statement = connection.createStatement();
                    ResultSet rows = statement.executeQuery(sql)) {
                int columns = rows.getMetaData().getColumnCount();
                while (rows.next()) {
                    for (int i = 1; i <= columns; i++) {
                        text.append(text(rows, i)).append('|');
                    }
                    text.append('\n');
                }
            }
        }
        close(connection);
        return text.toString();
    }

    private static String text(ResultSet rows, int column) throws SQLException {
        if (rows.getMetaData().getColumnType(column) == Types.JAVA_OBJECT) {
            return Arrays.toString(rows.getBytes(column));
        }
        return rows.getString(column);
    }

    public static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    public static void close(Connection connection) {
        SessionLocal session = session(connection);
        session.lock();
        try {
            session.rollback();
            session.close();
        } finally {
            session.unlock();
        }
    }

    @Override
    public void close() {
        store.abandon();
    }
}
