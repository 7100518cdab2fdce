package io.synod.engine.snapshot;

import io.synod.engine.writeset.Member;
import io.synod.engine.writeset.WriteSetApplier;
import io.synod.engine.writeset.WriteSetCapture;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Random;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.h2.engine.SessionLocal;

/**
 * Writes until it is killed: four threads, each transaction changes two tables with secondary and unique indexes and a
 * counter. Arguments: {@code synod} or {@code h2}, the directory, a seed. Prints {@code opening}, then {@code writing}.
 */
public final class KillWriter {
    static final int THREADS = 4;
    private static final long CHECKPOINT_NANOS = 40_000_000;

    static final String[] DDL = {
        "CREATE TABLE T(ID BIGINT PRIMARY KEY, U VARCHAR(40) UNIQUE, V INT, X VARCHAR(300))",
        "CREATE INDEX TV ON T(V)",
        "CREATE INDEX TX ON T(X, V)",
        "CREATE TABLE S(K VARCHAR(40) PRIMARY KEY, ID BIGINT UNIQUE, V INT)",
        "CREATE INDEX SV ON S(V)",
        "CREATE TABLE COUNTER(ID INT PRIMARY KEY, N BIGINT)",
    };
    /** The first transaction. */
    static final String COUNTERS = "INSERT INTO COUNTER VALUES(0, 0), (1, 0)";

    /** What differs between Synod and H2. */
    private interface Engine {
        Connection connect() throws SQLException;

        /** Runs one statement; the first of a transaction or a further one. */
        void execute(PreparedStatement statement, boolean first) throws SQLException;

        void commit(Connection connection) throws Exception;

        void rollback(Connection connection) throws SQLException;
    }

    private KillWriter() {}

    public static void main(String[] args) throws Exception {
        Path directory = Path.of(args[1]);
        System.out.println("opening");
        Engine engine = args[0].equals("h2") ? openH2(directory) : openSynod(directory, args[0].equals("reclaim"));
        System.out.println("writing");
        for (int i = 0; i < THREADS; i++) {
            int thread = i;
            new Thread(() -> write(engine, thread, Long.parseLong(args[2]) + thread)).start();
        }
    }

    private static void write(Engine engine, int thread, long seed) {
        try {
            writeForEver(engine, thread, new Random(seed));
        } catch (Throwable e) {
            e.printStackTrace(); // reaches the parent, which fails
            Runtime.getRuntime().halt(3);
        }
    }

    private static void writeForEver(Engine engine, int thread, Random random) throws Exception {
        Connection c = engine.connect();
        long next = thread;
        try (PreparedStatement max = c.prepareStatement("SELECT MAX(ID) FROM T WHERE MOD(ID, 4) = " + thread);
                ResultSet found = max.executeQuery()) {
            found.next();
            next = found.getString(1) == null ? thread : found.getLong(1) + THREADS;
        }
        PreparedStatement insertT = c.prepareStatement("INSERT INTO T VALUES(?, ?, ?, ?)");
        PreparedStatement insertS = c.prepareStatement("INSERT INTO S VALUES(?, ?, ?)");
        PreparedStatement updateT = c.prepareStatement("UPDATE T SET V = ?, X = ? WHERE ID = ?");
        PreparedStatement updateS = c.prepareStatement("UPDATE S SET V = ? WHERE ID = ?");
        PreparedStatement deleteT = c.prepareStatement("DELETE FROM T WHERE ID = ?");
        PreparedStatement deleteS = c.prepareStatement("DELETE FROM S WHERE ID = ?");
        PreparedStatement count = c.prepareStatement("UPDATE COUNTER SET N = N + 1 WHERE ID = ?");
        while (true) {
            String text = "x".repeat(random.nextInt(250));
            int v = random.nextInt(100_000);
            insertT.setLong(1, next);
            insertT.setString(2, "u" + next);
            insertT.setInt(3, v);
            insertT.setString(4, text);
            engine.execute(insertT, true);
            insertS.setString(1, "k" + next);
            insertS.setLong(2, next);
            insertS.setInt(3, v);
            engine.execute(insertS, false);
            long other = Math.max(thread, next - THREADS * (long) random.nextInt(300));
            updateT.setInt(1, v + 1);
            updateT.setString(2, "y" + text);
            updateT.setLong(3, other);
            engine.execute(updateT, false);
            updateS.setInt(1, v + 1);
            updateS.setLong(2, other);
            engine.execute(updateS, false);
            if (random.nextInt(3) > 0) {
                long gone = next - THREADS * (long) (200 + random.nextInt(100));
                deleteS.setLong(1, gone);
                engine.execute(deleteS, false);
                deleteT.setLong(1, gone);
                engine.execute(deleteT, false);
            }
            count.setInt(1, thread % 2);
            engine.execute(count, false);
            if (random.nextInt(50) == 0) {
                engine.rollback(c);
            } else {
                engine.commit(c);
            }
            next += THREADS;
        }
    }

    private static Engine openH2(Path directory) throws SQLException {
        String url =
                "jdbc:h2:file:" + directory.resolve("db").toAbsolutePath() + ";DB_CLOSE_DELAY=-1;LOCK_TIMEOUT=20000";
        Connection first = DriverManager.getConnection(url);
        try (ResultSet tables = first.getMetaData().getTables(null, "PUBLIC", "COUNTER", null)) {
            if (!tables.next()) {
                for (String sql : DDL) {
                    Member.execute(first, sql);
                }
                Member.execute(first, COUNTERS);
            }
        }
        return new Engine() {
            @Override
            public Connection connect() throws SQLException {
                Connection connection = DriverManager.getConnection(url);
                connection.setAutoCommit(false);
                return connection;
            }

            @Override
            public void execute(PreparedStatement statement, boolean first) throws SQLException {
                statement.execute();
            }

            @Override
            public void commit(Connection connection) throws SQLException {
                connection.commit();
            }

            @Override
            public void rollback(Connection connection) throws SQLException {
                connection.rollback();
            }
        };
    }

    private static Engine openSynod(Path directory, boolean reclaims) throws Exception {
        Member member = Member.onFile(directory.resolve("db"));
        PlainLog log = new PlainLog(directory.resolve("log"));
        replay(member, log.records());
        for (int i = log.records().size(); i < DDL.length; i++) { // goes on where an early kill left off
            log.appendDdl(DDL[i]);
            member.ddl(DDL[i]);
        }
        if (log.records().size() <= DDL.length) {
            Connection first = member.connect();
            Member.execute(first, COUNTERS);
            SessionLocal session = Member.session(first);
            log.append(false, WriteSetCapture.capture(session, member.tables, member.marks));
            member.commit(first);
            Member.close(first);
        }
        Thread checkpoints = new Thread(() -> checkpointForEver(member, reclaims));
        checkpoints.setDaemon(true);
        checkpoints.start();
        StatementGate gate = member.store.gate();
        ReentrantLock order = new ReentrantLock();
        return new Engine() {
            @Override
            public Connection connect() throws SQLException {
                Connection connection = member.connect();
                Member.execute(connection, "SET LOCK_TIMEOUT 20000");
                return connection;
            }

            @Override
            public void execute(PreparedStatement statement, boolean first) throws SQLException {
                if (first) {
                    gate.enter();
                } else {
                    gate.enterOpenTransaction();
                }
                try {
                    statement.execute();
                } finally {
                    gate.exit();
                }
            }

            @Override
            public void commit(Connection connection) throws Exception {
                SessionLocal session = Member.session(connection);
                order.lock();
                try {
                    byte[] writeSet = WriteSetCapture.capture(session, member.tables, member.marks);
                    long index = member.state.appliedIndex() + 1;
                    log.append(false, writeSet);
                    gate.enterOpenTransaction();
                    try {
                        WriteSetApplier.applyOwn(session, member.tables, member.marks, ByteBuffer.wrap(writeSet));
                        member.state.advance(session, index, 1);
                        session.commit(false);
                        member.state.committed(index, 1);
                    } finally {
                        gate.exit();
                    }
                } finally {
                    order.unlock();
                }
            }

            @Override
            public void rollback(Connection connection) throws SQLException {
                gate.enterOpenTransaction();
                try {
                    connection.rollback();
                } finally {
                    gate.exit();
                }
            }
        };
    }

    /** Brings a member up to the end of the log. */
    static void replay(Member member, List<PlainLog.Record> records) throws SQLException {
        for (int i = (int) member.state.appliedIndex(); i < records.size(); i++) {
            PlainLog.Record record = records.get(i);
            if (record.ddl()) {
                member.ddl(new String(record.payload(), StandardCharsets.UTF_8));
            } else {
                member.apply(record.payload());
            }
        }
    }

    private static void checkpointForEver(Member member, boolean reclaims) {
        try {
            while (true) {
                Checkpoint.Taken taken = member.checkpoint.take();
                System.out.println(taken == null ? "checkpoint none" : "checkpoint " + taken.pauseNanos() / 1000);
                LockSupport.parkNanos(CHECKPOINT_NANOS);
                if (reclaims && member.store.reclaim() == null) {
                    System.out.println("checkpoint none");
                }
            }
        } catch (Throwable e) {
            e.printStackTrace();
            Runtime.getRuntime().halt(3);
        }
    }
}
