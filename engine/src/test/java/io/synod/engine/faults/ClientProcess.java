package io.synod.engine.faults;

import io.synod.engine.failover.TestCluster;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;

/**
 * A client that somebody may kill: a process of its own, which locks a row and inserts unique values, transaction after transaction,
 * and writes its history line by line to its standard output. {@link KilledClients} reads it. The lines of version 1:
 *
 * <pre>
 * 1 begin VALUE …                       a transaction begins that inserts these; nothing of it was sent yet
 * 1 committed                           it was acknowledged
 * 1 failed SQLSTATE COMMITTING MESSAGE  an error, and whether it was the answer to the commit (true, false)
 * </pre>
 *
 * Its arguments are the URL, the seed of what it does, and the first value. It ends with its standard input.
 */
final class ClientProcess {
    static final String BEGIN = "1 begin";
    static final String COMMITTED = "1 committed";
    static final String FAILED = "1 failed";

    private static final int ROWS_MAX = 3;
    /** Between two statements: most kills shall find a transaction that holds its lock. */
    private static final int PAUSE_MICROS_MAX = 10_000;

    private final OutputStream history = new FileOutputStream(FileDescriptor.out);
    private final String url;
    private final SplittableRandom random;
    private long value;
    private Connection connection;

    private ClientProcess(String url, long seed, long first) {
        this.url = url;
        this.random = new SplittableRandom(seed);
        this.value = first;
    }

    public static void main(String[] arguments) throws IOException {
        // Whoever prints has no part in the history.
        System.setOut(System.err);
        Thread parent = new Thread(ClientProcess::endWithParent, "parent");
        parent.setDaemon(true);
        parent.start();
        ClientProcess client =
                new ClientProcess(arguments[0], Long.parseLong(arguments[1]), Long.parseLong(arguments[2]));
        while (true) {
            client.transaction();
        }
    }

    private static void endWithParent() {
        try {
            while (System.in.read() >= 0) {
                // What it says does not matter.
            }
        } catch (IOException e) {
            // It is gone all the same.
        }
        Runtime.getRuntime().halt(0);
    }

    private void transaction() throws IOException {
        List<Long> values = new ArrayList<>();
        for (int n = 1 + random.nextInt(ROWS_MAX); n > 0; n--) {
            values.add(value++);
        }
        tell(BEGIN + " " + values.stream().map(String::valueOf).collect(Collectors.joining(" ")));
        boolean committing = false;
        try {
            if (connection == null || connection.isClosed()) {
                connection = TestCluster.connect(url);
                connection.setAutoCommit(false);
            }
            execute("UPDATE killed_slot SET x = ? WHERE k = 0", values.get(0));
            for (long each : values) {
                execute("INSERT INTO killed_item VALUES (?)", each);
            }
            committing = true;
            connection.commit();
            tell(COMMITTED);
        } catch (SQLException e) {
            tell(FAILED + " " + e.getSQLState() + " " + committing + " "
                    + Workload.chain(e).replaceAll("\\s+", " "));
            rollback(e);
        }
        pause();
    }

    private void execute(String sql, long parameter) throws SQLException {
        try (PreparedStatement s = connection.prepareStatement(sql)) {
            s.setLong(1, parameter);
            s.executeUpdate();
        }
        pause();
    }

    private void rollback(SQLException cause) {
        try {
            if (connection == null) {
                return;
            }
            if (!String.valueOf(cause.getSQLState()).startsWith("08")) {
                connection.rollback();
                return;
            }
            connection.close();
        } catch (SQLException e) {
            // Its node is gone, and the transaction with it.
        }
        connection = null;
    }

    private void pause() {
        LockSupport.parkNanos(TimeUnit.MICROSECONDS.toNanos(random.nextInt(PAUSE_MICROS_MAX)));
    }

    /** In one write, which a kill does not cut. */
    private void tell(String line) throws IOException {
        history.write((line + "\n").getBytes(StandardCharsets.UTF_8));
    }
}
