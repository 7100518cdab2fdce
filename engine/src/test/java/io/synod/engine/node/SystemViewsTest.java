package io.synod.engine.node;

import static io.synod.engine.Sql.number;
import static io.synod.engine.Sql.run;
import static io.synod.engine.node.LaggingCluster.connect;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.engine.failover.Await;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The tables of the schema SYNOD, asked with plain SQL. */
@Timeout(240)
class SystemViewsTest {
    @TempDir
    private static Path directory;

    private static LaggingCluster cluster;

    @BeforeAll
    static void startNodes() throws Exception {
        cluster = new LaggingCluster(directory);
        try (Connection c = connect(cluster.url(cluster.awaitLeader()))) {
            run(
                    c,
                    "CREATE TABLE T(NODE VARCHAR(10), N INT)",
                    "INSERT INTO T VALUES ('a', 1), ('b', 2), ('c', 3)",
                    "CREATE USER CLERK PASSWORD 'clerk'",
                    "GRANT SELECT ON SCHEMA PUBLIC TO CLERK");
        }
    }

    @AfterAll
    static void stopNodes() throws Exception {
        cluster.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"leader", "follower", "lagging", "remote"})
    void members_can_be_asked_on_every_node_like_any_table(String where) throws Exception {
        String url = switch (where) {
            case "leader" -> cluster.url(cluster.awaitLeader());
            case "follower" -> cluster.url(cluster.awaitFollower());
            case "lagging" -> cluster.url("c");
            default -> cluster.remoteUrl("a", "b", "c");
        };
        try (Connection c = connect(url)) {
            assertEquals(List.of("a", "b", "c"), strings(c, "SELECT NODE FROM SYNOD.MEMBERS ORDER BY NODE"));
            assertEquals(1, number(c, "SELECT COUNT(*) FROM SYNOD.MEMBERS WHERE THIS_NODE"));
            Await.until(
                    "the leader is named",
                    () -> List.of(cluster.awaitLeader())
                            .equals(strings(c, "SELECT NODE FROM SYNOD.MEMBERS WHERE ROLE = 'LEADER'")));
            assertEquals(
                    6,
                    number(
                            c,
                            "SELECT SUM(T.N) FROM SYNOD.MEMBERS M JOIN T ON T.NODE = M.NODE WHERE M.NODE IS NOT NULL"));
            assertEquals(
                    List.of(cluster.sqlAddress("b")),
                    strings(c, "SELECT SQL_ADDRESS FROM SYNOD.MEMBERS WHERE NODE = 'b'"));
            try (PreparedStatement select =
                    c.prepareStatement("SELECT APPLIED_INDEX FROM SYNOD.MEMBERS WHERE THIS_NODE")) {
                long before = first(select);
                run(c, "UPDATE T SET N = N");
                assertEquals(6, number(c, "SELECT SUM(N) FROM T"));
                assertTrue(first(select) > before, "the same statement shows what is now");
            }
            assertEquals(
                    1,
                    number(
                            c,
                            "SELECT COUNT(*) FROM SYNOD.LOG WHERE FIRST_INDEX = 1 AND DURABLE_INDEX >= COMMIT_INDEX"
                                    + " AND SEGMENTS BETWEEN 1 AND BYTES"));
            assertEquals(3, number(c, "SELECT COUNT(*) FROM SYNOD.LAG"));
            assertEquals(0, number(c, "SELECT COUNT(*) FROM SYNOD.IN_DOUBT"));
        }
    }

    @Test
    void views_answer_where_no_leader_can_be_reached() throws Exception {
        try (Connection c = connect(cluster.url("c"))) {
            run(c, "SET SCHEMA SYNOD");
            cluster.holdBackC(true);
            assertEquals(3, number(c, "SELECT COUNT(*) FROM SYNOD.MEMBERS"));
            assertEquals(1, number(c, "SELECT COUNT(*) FROM MEMBERS WHERE THIS_NODE"));
        } finally {
            cluster.releaseC();
        }
    }

    @Test
    void settings_show_what_holds_for_this_session() throws SQLException {
        try (Connection c = connect(cluster.url("a") + ";READ=SESSION")) {
            run(c, "SET MAX_STALENESS 77", "SET COMMIT ALL");
            c.setReadOnly(true);
            String value = "SELECT SETTING_VALUE FROM SYNOD.SETTINGS WHERE SETTING_NAME = ";
            assertEquals(List.of("SESSION"), strings(c, value + "'READ'"));
            assertEquals(List.of("77"), strings(c, value + "'MAX_STALENESS'"));
            assertEquals(List.of("ALL"), strings(c, value + "'COMMIT'"));
            assertEquals(List.of("TRUE"), strings(c, value + "'READ ONLY'"));
            assertEquals(List.of("a"), strings(c, value + "'NODE'"));
        }
    }

    @Test
    void sessions_of_others_are_shown_to_administrators_only() throws SQLException {
        try (Connection admin = connect(cluster.url("a"));
                Connection clerk = DriverManager.getConnection(cluster.url("a"), "clerk", "clerk")) {
            assertEquals(List.of("CLERK"), strings(clerk, "SELECT USER_NAME FROM SYNOD.SESSIONS"));
            assertEquals(
                    List.of("CLERK", "SA"),
                    strings(admin, "SELECT DISTINCT USER_NAME FROM SYNOD.SESSIONS WHERE NOT FORWARDED ORDER BY 1"));
            assertEquals(3, number(clerk, "SELECT COUNT(*) FROM SYNOD.MEMBERS"));
            assertEquals(
                    1,
                    number(
                            admin,
                            "SELECT COUNT(*) FROM SYNOD.SESSIONS WHERE STATE = 'RUNNING' AND STATEMENT LIKE '%RUNNING%'"));
        }
    }

    @Test
    void session_in_a_transaction_is_shown_where_it_is_and_where_it_writes() throws Exception {
        String state = "SELECT STATE FROM SYNOD.SESSIONS WHERE STATEMENT = 'UPDATE T SET N = N + 0' AND ";
        try (Connection there = connect(cluster.url(cluster.awaitLeader()));
                Connection here = connect(cluster.url(cluster.awaitFollower()));
                Connection c = connect(cluster.url(cluster.awaitFollower()))) {
            c.setAutoCommit(false);
            run(c, "UPDATE T SET N = N + 0");
            assertEquals(List.of("IN_TRANSACTION"), strings(here, state + "NOT FORWARDED"));
            assertEquals(List.of("IN_TRANSACTION"), strings(there, state + "FORWARDED"));
            c.rollback();
            assertEquals(
                    List.of("IDLE"), strings(here, "SELECT STATE FROM SYNOD.SESSIONS WHERE STATEMENT = 'ROLLBACK'"));
        }
    }

    @Test
    void prepared_transactions_of_others_are_shown_to_administrators_only() throws SQLException {
        String names = "SELECT TRANSACTION_NAME FROM SYNOD.IN_DOUBT WHERE STATE = 'PREPARED'";
        try (Connection c = connect(cluster.url("a"));
                Connection admin = connect(cluster.url("b"));
                Connection clerk = DriverManager.getConnection(cluster.url("b"), "clerk", "clerk")) {
            c.setAutoCommit(false);
            run(c, "UPDATE T SET N = N + 0 WHERE N = 1", "PREPARE COMMIT TRANSFER");
            try {
                // Whatever this node has applied by now.
                assertEquals(6, number(admin, "SELECT SUM(N) FROM T"));
                assertEquals(List.of("TRANSFER"), strings(admin, names));
                assertEquals(List.of(), strings(clerk, names));
            } finally {
                run(admin, "ROLLBACK TRANSACTION TRANSFER");
            }
        }
    }

    @Test
    void schema_is_in_nobodys_way() throws SQLException {
        try (Connection c = connect(cluster.url("a"))) {
            try (ResultSet schemas = c.getMetaData().getSchemas()) {
                while (schemas.next()) {
                    assertFalse(schemas.getString(1).equals("SYNOD"), "not listed");
                }
            }
            try (ResultSet tables = c.getMetaData().getTables(null, null, "MEMBERS", null)) {
                assertFalse(tables.next(), "not listed");
            }
            assertFalse(strings(c, "SCRIPT").stream().anyMatch(line -> line.contains("SYNOD")), "not exported");
            assertEquals(0, number(c, "SELECT COUNT(*) FROM INFORMATION_SCHEMA.SCHEMATA WHERE SCHEMA_NAME = 'SYNOD'"));
            assertTrue(
                    strings(c, "EXPLAIN SELECT * FROM SYNOD.MEMBERS").get(0).contains("\"SYNOD\".\"MEMBERS\""),
                    "EXPLAIN is H2's");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "CREATE SCHEMA SYNOD",
                "CREATE SCHEMA IF NOT EXISTS SYNOD",
                "CREATE TABLE SYNOD.X(I INT)",
                "CREATE VIEW V AS SELECT * FROM SYNOD.MEMBERS",
                "DROP SCHEMA SYNOD"
            })
    void schema_cannot_be_changed(String sql) throws SQLException {
        try (Connection c = connect(cluster.url("a"))) {
            SQLException e = assertThrows(SQLException.class, () -> run(c, sql));
            assertTrue(e.getMessage().contains("SYNOD belongs to each node"), e.getMessage());
            SQLException write = assertThrows(SQLException.class, () -> run(c, "DELETE FROM SYNOD.MEMBERS"));
            assertFalse(write.getSQLState().startsWith("08"), write.toString());
            assertEquals(3, number(c, "SELECT COUNT(*) FROM SYNOD.MEMBERS"));
        }
    }

    @Test
    void lag_is_what_a_member_has_not_applied() throws Exception {
        String lag = "SELECT LAG_ENTRIES FROM SYNOD.LAG WHERE NODE = 'c'";
        try (Connection c = connect(cluster.url(cluster.awaitLeader()))) {
            cluster.holdBackC(true);
            try {
                for (int i = 0; i < 5; i++) {
                    run(c, "UPDATE T SET N = N");
                }
                assertTrue(number(c, lag) >= 5, number(c, lag) + " entries");
            } finally {
                cluster.releaseC();
            }
            Await.until("c to catch up, and to say so", () -> number(c, lag) == 0);
        }
    }

    @Test
    void staleness_of_a_copy_is_what_the_leader_last_confirmed() throws SQLException {
        try (Connection c = connect(cluster.url("c"))) {
            run(c, "SELECT * FROM T");
            long millis = number(c, "SELECT STALENESS_MILLIS FROM SYNOD.LAG WHERE NODE = 'c'");
            assertTrue(millis >= 0 && millis < 60_000, "staleness " + millis);
            assertNull(strings(c, "SELECT STALENESS_MILLIS FROM SYNOD.LAG WHERE NODE = 'a'")
                    .get(0));
        }
    }

    private static List<String> strings(Connection c, String sql) throws SQLException {
        List<String> all = new ArrayList<>();
        try (Statement s = c.createStatement();
                ResultSet rows = s.executeQuery(sql)) {
            while (rows.next()) {
                all.add(rows.getString(1));
            }
        }
        return all;
    }

    private static long first(PreparedStatement select) throws SQLException {
        try (ResultSet rows = select.executeQuery()) {
            assertTrue(rows.next());
            return rows.getLong(1);
        }
    }
}
