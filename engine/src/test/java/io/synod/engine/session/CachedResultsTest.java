package io.synod.engine.session;

import static io.synod.engine.Sql.run;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** H2 keeps the last result of a prepared query: what the log brings to a follower makes it read again. */
class CachedResultsTest {
    private static final int LARGE = 20_000;

    private final MemoryGroup group = new MemoryGroup();
    private final Map<String, TestNode> peers = new HashMap<>();

    private static long first(PreparedStatement query) throws SQLException {
        try (ResultSet rows = query.executeQuery()) {
            assertTrue(rows.next());
            return rows.getLong(1);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"LINEARIZABLE", "SESSION", "BOUNDED", "LOCAL"})
    void a_prepared_query_on_a_follower_shows_what_was_applied_since(String level) throws Exception {
        try (TestNode a = new TestNode(group, "a", null, peers);
                TestNode b = new TestNode(group, "b", null, peers);
                Connection leader = a.connectLeading()) {
            run(
                    leader,
                    "CREATE TABLE t(id INT PRIMARY KEY, x INT)",
                    "CREATE TABLE u(id INT)",
                    "CREATE VIEW v AS TABLE t");
            b.log().drain();
            try (Connection follower = b.connect(Map.of("READ", level, "MAX_STALENESS", "1000"));
                    PreparedStatement count = follower.prepareStatement("SELECT COUNT(*) FROM t");
                    PreparedStatement exists = follower.prepareStatement(
                            "SELECT CASE WHEN EXISTS (SELECT 1 FROM t WHERE x = 2) THEN 1 ELSE 0 END FROM"
                                    + " SYSTEM_RANGE(1, 1)");
                    PreparedStatement view = follower.prepareStatement("SELECT MAX(x) FROM v WHERE id > 0")) {
                assertEquals(0, first(count));
                assertEquals(0, first(exists));
                run(leader, "INSERT INTO t VALUES (1, 1)");
                b.log().drain();
                assertEquals(1, first(count), "inserted");
                assertEquals(1, first(view), "inserted");
                run(leader, "UPDATE t SET x = 2");
                b.log().drain();
                assertEquals(1, first(exists), "updated");
                assertEquals(2, first(view), "updated");
                run(leader, "INSERT INTO t SELECT x, 0 FROM SYSTEM_RANGE(2, " + LARGE + ")");
                b.log().drain();
                assertEquals(LARGE, first(count), "in parts");
                run(leader, "TRUNCATE TABLE t");
                b.log().drain();
                assertEquals(0, first(count), "truncated");
                assertEquals(0, first(exists), "truncated");
            }
        }
    }
}
