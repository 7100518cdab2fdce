package io.synod.engine.twin;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.engine.node.ClusterFixture;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.h2.tools.Server;

/** Three nodes in this JVM, and the ways to reach a database on them. */
final class TwinCluster implements AutoCloseable {
    /** A way to a database. */
    enum Way {
        LEADER_EMBEDDED(true, false),
        FOLLOWER_EMBEDDED(false, false),
        LEADER_REMOTE(true, true),
        FOLLOWER_REMOTE(false, true);

        private final boolean leader;
        private final boolean remote;

        Way(boolean leader, boolean remote) {
            this.leader = leader;
            this.remote = remote;
        }

        boolean isRemote() {
            return remote;
        }

        /** Each way has a database of its own. */
        String database() {
            return name().toLowerCase(java.util.Locale.ROOT);
        }
    }

    static final List<String> NODES = List.of("a", "b", "c");

    private final ClusterFixture cluster;
    private final Path files;
    private final Server stockServer;

    TwinCluster(Path directory) throws IOException, SQLException {
        this.stockServer =
                Server.createTcpServer("-tcpPort", "0", "-ifNotExists").start();
        this.cluster = new ClusterFixture(directory.resolve("nodes"));
        this.files = directory.resolve("files");
    }

    /** Where the database is led now. */
    String leaderOf(Way way) throws SQLException {
        return cluster.leaderOf(way.database());
    }

    /** Of the leadership that there is now: it grows with each. */
    long epochOf(Way way) throws SQLException {
        return cluster.hosted(leaderOf(way), way.database()).log().servingEpoch();
    }

    /** A side for the way, as leadership stands now. */
    Side side(Way way) throws SQLException, IOException {
        String leader = leaderOf(way);
        String follower = leader.equals("a") ? "b" : "a";
        String node = way.leader ? leader : follower;
        String url = way.remote ? cluster.remoteUrl(node, way.database()) : cluster.url(node, way.database());
        return new Side(way.name(), way.database(), url, filesOf(way.database()));
    }

    /**
     * Stock H2, on a file as the nodes are: where tables are kept is to be seen in the catalogue.
     *
     * @param remote through its server, whose client gives some errors another text
     */
    Side stock(boolean remote) throws IOException {
        Path directory = filesOf(remote ? "stock_remote" : "stock_embedded");
        String file =
                directory.resolve(remote ? "stock_remote" : "stock_embedded").toString();
        String url = remote ? "jdbc:h2:tcp://127.0.0.1:" + stockServer.getPort() + "/" + file : "jdbc:h2:file:" + file;
        // Synod gathers statistics when it is asked to, and never on one node only.
        return new Side("stock H2", remote ? "stock_remote" : "stock_embedded", url + ";ANALYZE_AUTO=0", directory);
    }

    private Path filesOf(String name) throws IOException {
        return Files.createDirectories(files.resolve(name));
    }

    /** All members hold the same at one place in the log. */
    void verify(Way way) throws SQLException {
        long index;
        try (Connection connection = connect("a", way);
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("CALL SYNOD.DIGEST_START()")) {
            rows.next();
            index = rows.getLong(1);
        }
        Map<String, List<String>> digests = new TreeMap<>();
        for (String node : NODES) {
            digests.put(node, digest(node, way, index));
        }
        assertTrue(!digests.get("a").isEmpty(), "a digest of " + way);
        assertEquals(digests.get("a"), digests.get("b"), way + ": members a and b");
        assertEquals(digests.get("a"), digests.get("c"), way + ": members a and c");
    }

    private Connection connect(String node, Way way) throws SQLException {
        return DriverManager.getConnection(cluster.url(node, way.database()), Side.USER, Side.PASSWORD);
    }

    private List<String> digest(String node, Way way, long index) throws SQLException {
        try (Connection connection = connect(node, way);
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("CALL SYNOD.DIGEST(" + index + ")")) {
            List<String> lines = new ArrayList<>();
            while (rows.next()) {
                lines.add(rows.getString("KIND") + " " + rows.getString("NAME") + " " + rows.getString("CHECKSUM"));
            }
            return lines;
        }
    }

    @Override
    public void close() {
        cluster.close();
        stockServer.stop();
    }
}
