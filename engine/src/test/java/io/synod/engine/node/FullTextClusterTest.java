package io.synod.engine.node;

import static io.synod.engine.Sql.run;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.h2.fulltext.FullText;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Full-text search through JDBC URLs: on three nodes whose leader goes, and in files that come from H2 and go back to it. */
@Timeout(240)
class FullTextClusterTest {
    private static final String[] INDEXED = {
        "CREATE TABLE DOC(ID INT PRIMARY KEY, TITLE VARCHAR)",
        "INSERT INTO DOC VALUES(1, 'hello world'), (2, 'hello moon')",
        "CREATE ALIAS FT_INIT FOR 'org.h2.fulltext.FullText.init'",
        "CALL FT_INIT()",
        "CALL FT_CREATE_INDEX('PUBLIC', 'DOC', NULL)"
    };

    @TempDir
    Path directory;

    private static Set<String> found(Connection c, String text) throws SQLException {
        Set<String> found = new TreeSet<>();
        try (Statement s = c.createStatement();
                ResultSet rows = s.executeQuery("SELECT QUERY FROM FT_SEARCH('" + text + "', 0, 0)")) {
            while (rows.next()) {
                found.add(rows.getString(1));
            }
        }
        return found;
    }

    private static Set<String> ids(int... ids) {
        Set<String> queries = new TreeSet<>();
        for (int id : ids) {
            queries.add("\"PUBLIC\".\"DOC\" WHERE \"ID\"=" + id);
        }
        return queries;
    }

    private static Connection connect(String url) throws SQLException {
        return DriverManager.getConnection(url, "sa", "secret");
    }

    @Test
    void searches_go_on_when_the_leader_is_gone_and_all_members_are_equal() throws Exception {
        try (ClusterFixture cluster = new ClusterFixture(directory)) {
            String leader = cluster.leaderOf("shop");
            List<String> others = new ArrayList<>(List.of("a", "b", "c"));
            others.remove(leader);
            try (Connection first = connect(cluster.url(others.get(0), "shop"));
                    Connection second = connect(cluster.url(others.get(1), "shop"))) {
                run(first, INDEXED);
                assertEquals(ids(1, 2), found(second, "hello"));
                cluster.stop(leader);
                run(second, "INSERT INTO DOC VALUES(3, 'hello after')", "DELETE FROM DOC WHERE ID = 1");
                assertEquals(ids(2, 3), found(first, "hello"));
                assertEquals(ids(), found(first, "world"));
                cluster.leaderOf("shop");
                try (Connection third = connect(cluster.url(leader, "shop"))) {
                    assertEquals(ids(2, 3), found(third, "hello"));
                    run(third, "INSERT INTO DOC VALUES(4, 'hello again')");
                    long index;
                    try (Statement s = third.createStatement();
                            ResultSet row = s.executeQuery("CALL SYNOD.DIGEST_START()")) {
                        row.next();
                        index = row.getLong(1);
                    }
                    Map<String, Object> digests = new TreeMap<>();
                    for (String node : List.of("a", "b", "c")) {
                        cluster.hosted(node, "shop").log().awaitReadable(TimeUnit.SECONDS.toNanos(30));
                        digests.put(
                                node,
                                cluster.hosted(node, "shop").administration().digest(index));
                    }
                    assertEquals(1, Set.copyOf(digests.values()).size(), digests.toString());
                }
                assertEquals(ids(2, 3, 4), found(second, "hello"));
            }
        }
    }

    @Test
    void an_index_that_h2_has_made_goes_on_and_h2_goes_on_with_one_of_synod() throws Exception {
        Path base = directory.resolve("shop");
        String stock = "jdbc:h2:file:" + base;
        try (Connection c = connect(stock)) {
            run(c, INDEXED);
        }
        try (Connection c = connect("jdbc:synod:file:" + base)) {
            assertEquals(ids(1, 2), found(c, "hello"));
            run(c, "INSERT INTO DOC VALUES(3, 'hello sun')", "UPDATE DOC SET TITLE = 'bye moon' WHERE ID = 2");
            assertEquals(ids(1, 3), found(c, "hello"));
        }
        try (Connection c = connect("jdbc:synod:file:" + base)) {
            assertEquals(ids(3), found(c, "sun"));
            run(c, "SHUTDOWN");
        }
        // H2 remembers the words of a file that was closed long ago: this stands for another process.
        FullText.closeAll();
        try (Connection c = connect(stock)) {
            assertEquals(ids(1, 3), found(c, "hello"));
            assertEquals(ids(2), found(c, "bye"));
            run(c, "INSERT INTO DOC VALUES(4, 'bye stars')");
            assertEquals(ids(2, 4), found(c, "bye"));
        }
    }
}
