package io.synod.engine.node;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLTransactionRollbackException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Rows of the leader that a follower keeps beyond their transaction are the same as before, of every type. */
@Tag("long")
@Timeout(240)
class KeptRowsTest {
    private static final int ATTEMPTS = 3;
    private static final int ROWS = 500;
    private static final String READ = "SELECT * FROM k ORDER BY id";

    @TempDir
    private Path directory;

    private ClusterFixture cluster;
    private String leader;
    private String follower;

    @BeforeEach
    void start() throws Exception {
        cluster = new ClusterFixture(directory);
        leader = cluster.leaderOf("kept");
        follower = leader.equals("a") ? "b" : "a";
        try (Connection c = connect(cluster.url(leader, "kept"));
                Statement s = c.createStatement()) {
            s.execute("CREATE TABLE k(id INT PRIMARY KEY, e ENUM('low', 'high'), ea ENUM('x', 'y') ARRAY, v VARCHAR, "
                    + "b VARBINARY, d NUMERIC(20, 3), f DECFLOAT, ts TIMESTAMP(9), tz TIMESTAMP WITH TIME ZONE, "
                    + "tt TIME WITH TIME ZONE, i INTERVAL DAY TO SECOND, u UUID, j JSON, g GEOMETRY, "
                    + "r ROW(p INT, q INT), a INT ARRAY, small_b BLOB, small_c CLOB, large_b BLOB, large_c CLOB, "
                    + "la CLOB ARRAY)");
            String insert =
                    "INSERT INTO k SELECT x, CASE WHEN MOD(x, 2) = 0 THEN 'low' ELSE 'high' END, ARRAY['y', 'x'], "
                            + "'text ' || x, X'00FF', x / 3.0, CAST('1.25E3' AS DECFLOAT), "
                            + "DATEADD(SECOND, x, TIMESTAMP '2026-11-28 10:00:00.123456789'), "
                            + "TIMESTAMP WITH TIME ZONE '2026-11-28 10:00:00.5+05:30', TIME WITH TIME ZONE '10:00:00+02', "
                            + "INTERVAL '3 04:05:06.7' DAY TO SECOND, CAST('b1d2c3e4-0000-4000-8000-000000000001' AS UUID), "
                            + "JSON '{\"a\": [1, null]}', 'POINT (1 2)', ROW(x, 7), ARRAY[x, NULL], X'0102', 'small \u00e9', "
                            + "CAST(REPEAT('0123456789abcdef', 4000) AS BLOB), REPEAT('large \u00e9 ', 2000) || x, "
                            + "ARRAY[CAST(REPEAT('z', 3000) AS CLOB), 'y'] "
                            + "FROM SYSTEM_RANGE(1, " + (ROWS - 1) + ")";
            again(() -> s.execute(insert));
            s.execute("INSERT INTO k(id) VALUES(" + ROWS + ")");
        }
        // So that they go to a file.
        cluster.hosted(follower, "kept").h2().setMaxMemoryRows(100);
    }

    @AfterEach
    void stop() {
        cluster.close();
    }

    private static Connection connect(String url) throws Exception {
        return DriverManager.getConnection(url, "sa", "secret");
    }

    private static List<String> row(ResultSet rows) throws Exception {
        List<String> row = new ArrayList<>();
        for (int i = 1; i <= rows.getMetaData().getColumnCount(); i++) {
            row.add(rows.getMetaData().getColumnName(i) + ": " + text(rows.getObject(i)));
        }
        return row;
    }

    private static String text(Object value) throws Exception {
        if (value instanceof java.sql.Blob blob) {
            return "BLOB " + blob.length() + " "
                    + Arrays.hashCode(blob.getBinaryStream().readAllBytes());
        }
        if (value instanceof java.sql.Clob clob) {
            String text = clob.getSubString(1, (int) clob.length());
            return "CLOB " + text.length() + " " + text.hashCode();
        }
        if (value instanceof byte[] bytes) {
            return Arrays.toString(bytes);
        }
        if (value instanceof java.sql.Array array) {
            return text(array.getArray());
        }
        if (value instanceof Object[] list) {
            StringBuilder all = new StringBuilder("[");
            for (Object each : list) {
                all.append(text(each)).append(' ');
            }
            return all.append(']').toString();
        }
        if (value instanceof ResultSet fields) {
            fields.next();
            return row(fields).toString();
        }
        return String.valueOf(value);
    }

    private static List<List<String>> expected(Connection c) throws Exception {
        List<List<String>> all = new ArrayList<>();
        try (Statement s = c.createStatement();
                ResultSet rows = s.executeQuery(READ)) {
            while (rows.next()) {
                all.add(row(rows));
            }
        }
        assertEquals(ROWS, all.size());
        return all;
    }

    /** A node that stands still is given up by the driver: its result is lost then, which it says, and is read again. */
    private void readsTheSame(String url) throws Exception {
        again(() -> {
            readsTheSameOnce(url);
            return null;
        });
    }

    private static void again(Callable<?> work) throws Exception {
        for (int attempt = 1; ; attempt++) {
            try {
                work.call();
                return;
            } catch (SQLException | IOException e) {
                if (attempt == ATTEMPTS || !isLeaderLost(e)) {
                    throw e;
                }
            }
        }
    }

    /** A large object comes from the leader when it is read: it is lost with that, as an IOException says, or what wraps it. */
    private static boolean isLeaderLost(Throwable e) {
        return e instanceof SQLTransactionRollbackException
                || e instanceof IOException
                || e.getCause() instanceof IOException;
    }

    private void readsTheSameOnce(String url) throws Exception {
        try (Connection atLeader = connect(cluster.url(leader, "kept"));
                Connection c = connect(url);
                Statement s = c.createStatement()) {
            List<List<String>> expected = expected(atLeader);
            c.setAutoCommit(false);
            s.execute("UPDATE k SET v = v WHERE id = 1");
            try (Statement reading = c.createStatement()) {
                reading.setFetchSize(20);
                ResultSet rows = reading.executeQuery(READ);
                for (int i = 0; i < ROWS; i++) {
                    assertTrue(rows.next());
                    assertEquals(expected.get(i), row(rows));
                    if (i == 30) {
                        c.commit();
                    }
                }
                assertFalse(rows.next());
            }
            s.execute("UPDATE k SET v = v WHERE id = 1");
            try (Statement scrolling =
                    c.createStatement(ResultSet.TYPE_SCROLL_INSENSITIVE, ResultSet.CONCUR_READ_ONLY)) {
                ResultSet rows = scrolling.executeQuery(READ);
                c.commit();
                Collections.reverse(expected);
                rows.afterLast();
                for (List<String> row : expected) {
                    assertTrue(rows.previous());
                    assertEquals(row, row(rows));
                }
            }
        }
    }

    @Test
    void of_an_embedded_client() throws Exception {
        readsTheSame(cluster.url(follower, "kept"));
    }

    @Test
    void of_a_remote_client() throws Exception {
        // There is one node to ask, and the machine may be busy.
        readsTheSame(cluster.remoteUrl(follower, "kept") + ";TARGET=ANY;CONNECT_TIMEOUT=60000");
    }
}
