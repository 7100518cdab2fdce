package io.synod.engine.failover;

import static io.synod.engine.Sql.number;
import static io.synod.engine.Sql.run;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.engine.operations.ClusterProcesses;
import io.synod.engine.operations.Installation;
import io.synod.engine.operations.NodeProcess;
import java.io.IOException;
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
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Nodes as processes of their own, running what this test was compiled from, with the questions that tests ask of them. */
public final class TestCluster implements AutoCloseable {
    public static final String USER = "sa";
    public static final String PASSWORD = "secret";
    private static final String DATABASE = "shop";
    /** For what is to be asked of a machine that is busy, and has all the time that it needs. */
    public static final String BUSY = ";CONNECT_TIMEOUT=60000;FAILOVER_TIMEOUT=60000";

    private static final Pattern LEADS = Pattern.compile("[^:]+: leader in epoch (\\d+)");

    private final ClusterProcesses processes;
    private final List<String> databases;

    /** Nodes whose start costs half: most of them end before better code would pay. */
    public static Installation quick() {
        return Installation.running().with(List.of("-XX:TieredStopAtLevel=1"));
    }

    /** Starts nothing. The nodes are patient: on a busy machine leadership moves when a test moves it, and seldom otherwise. */
    public TestCluster(Path directory, int nodes) throws IOException {
        this(quick(), directory, nodes, Map.of("ELECTION_TIMEOUT", "1000"));
    }

    /** With another program, or with settings of the nodes. */
    public TestCluster(Installation installation, Path directory, int nodes, Map<String, String> settings)
            throws IOException {
        this(installation, directory, nodes, settings, List.of(DATABASE));
    }

    private TestCluster(
            Installation installation, Path directory, int nodes, Map<String, String> settings, List<String> databases)
            throws IOException {
        this(new ClusterProcesses(installation, directory, nodes, databases, settings), databases);
    }

    /** Of nodes that are placed already. */
    public TestCluster(ClusterProcesses processes, List<String> databases) {
        this.processes = processes;
        this.databases = databases;
    }

    /** Three nodes with the settings that a node has by itself, and several databases. */
    public static TestCluster withDatabases(Path directory, List<String> databases) throws Exception {
        return start(new TestCluster(quick(), directory, 3, Map.of(), databases));
    }

    /** Starts three patient nodes and waits until they serve. */
    public static TestCluster started(Path directory) throws Exception {
        return start(new TestCluster(directory, 3));
    }

    /** The same with the settings that a node has by itself, for tests of how soon another one leads. */
    public static TestCluster withDefaults(Path directory) throws Exception {
        return start(new TestCluster(quick(), directory, 3, Map.of()));
    }

    private static TestCluster start(TestCluster cluster) throws Exception {
        try {
            cluster.startAll();
            return cluster;
        } catch (Exception | AssertionError e) {
            cluster.close();
            throw e;
        }
    }

    public void startAll() throws IOException, InterruptedException {
        processes.start(Await.LIMIT);
    }

    public NodeProcess node(String name) {
        return processes.node(name);
    }

    public List<NodeProcess> nodes() {
        return processes.nodes();
    }

    public List<String> names() {
        return nodes().stream().map(NodeProcess::name).toList();
    }

    public String url() {
        return processes.url();
    }

    public String url(String node) {
        return processes.url(node);
    }

    public String urlOf(String database) {
        return processes.urlOf(database);
    }

    public String urlOf(String database, String node) {
        return processes.urlOf(database, node);
    }

    /** For a stock H2 client, which does not fail over: what it says comes from that node. */
    public String h2Url(String node) {
        return "jdbc:h2:tcp://" + node(node).sql() + "/" + DATABASE;
    }

    public static Connection connect(String url) throws SQLException {
        return DriverManager.getConnection(url, USER, PASSWORD);
    }

    /** Waits until one of the nodes that run says that it leads: of several, the one in the newest epoch. */
    public String awaitLeader(String... except) throws Exception {
        return awaitLeaderOf(databases.get(0), except);
    }

    /** The same of one of the databases. */
    public String awaitLeaderOf(String database, String... except) throws Exception {
        String[] leader = new String[1];
        Await.until("a leader other than " + List.of(except) + ": " + roles(database), () -> {
            leader[0] = leader(database, Set.of(except));
            return leader[0] != null;
        });
        return leader[0];
    }

    /** Who says now that it leads the (first) database, of several the one in the newest epoch; {@code null} for nobody. */
    public String leader(Set<String> except) {
        return leader(databases.get(0), except);
    }

    private String leader(String database, Set<String> except) {
        long epoch = -1;
        String leader = null;
        for (NodeProcess node : nodes()) {
            if (node.isAlive() && !except.contains(node.name())) {
                Matcher last = LEADS.matcher(lastRole(database, node));
                if (last.matches() && Long.parseLong(last.group(1)) > epoch) {
                    epoch = Long.parseLong(last.group(1));
                    leader = node.name();
                }
            }
        }
        return leader;
    }

    public String awaitFollower() throws Exception {
        String leader = awaitLeader();
        return names().stream()
                .filter(n -> !n.equals(leader) && node(n).isAlive())
                .findFirst()
                .orElseThrow();
    }

    private static String lastRole(String database, NodeProcess node) {
        List<String> lines = node.lines();
        for (int i = lines.size() - 1; i >= 0; i--) {
            if (lines.get(i).startsWith(database + ": ")) {
                return lines.get(i);
            }
        }
        return "";
    }

    private List<String> roles(String database) {
        return nodes().stream().map(n -> n.name() + " " + lastRole(database, n)).toList();
    }

    /** Starts a node that was killed, and waits until it has applied what was committed by then. */
    public void restart(String name) throws Exception {
        node(name).start();
        node(name).awaitReady(Await.LIMIT);
        for (String database : databases) {
            Await.until("an answer of node " + name + " for " + database, () -> {
                try (Connection c = connect(urlOf(database, name))) {
                    run(c, "SELECT 1");
                    return true;
                } catch (SQLException e) {
                    assertTrue(Set.of("HYT00", "08001").contains(e.getSQLState()), e.toString());
                    return false;
                }
            });
        }
    }

    /** All members hold the same at one index of the log: rows, catalogue, sequences. */
    public void assertMembersEqual() throws Exception {
        for (String database : databases) {
            assertMembersEqual(database);
        }
    }

    private void assertMembersEqual(String database) throws Exception {
        long index = startDigest(database);
        List<String> first = null;
        for (String name : names()) {
            try (Connection c = connect(urlOf(database, name) + BUSY)) {
                List<String> asked = rows(c, "SELECT NODE FROM SYNOD.MEMBERS WHERE THIS_NODE");
                assertEquals(List.of(name), asked, "the node that was asked");
                List<String> digest = rows(c, "CALL SYNOD.DIGEST(" + index + ")");
                assertTrue(digest.size() > 0, "a digest of node " + name);
                first = first == null ? digest : first;
                assertEquals(first, digest, database + " on node " + name + " at index " + index);
            }
        }
    }

    /** Where all of them take a digest. A leader that is lost just then takes its place in the log along. */
    private long startDigest(String database) throws Exception {
        long[] index = new long[1];
        Await.until("a place for a digest in the log of " + database, () -> {
            try (Connection c = connect(urlOf(database) + BUSY)) {
                index[0] = number(c, "CALL SYNOD.DIGEST_START()");
            } catch (SQLException e) {
                assertTrue(Set.of("40001", "HYT00").contains(e.getSQLState()), e.toString());
            }
            return index[0] > 0;
        });
        return index[0];
    }

    /** Columns joined by {@code |}. */
    public static List<String> rows(Connection c, String sql) throws SQLException {
        List<String> all = new ArrayList<>();
        try (Statement s = c.createStatement();
                ResultSet rows = s.executeQuery(sql)) {
            int columns = rows.getMetaData().getColumnCount();
            while (rows.next()) {
                StringBuilder row = new StringBuilder();
                for (int i = 1; i <= columns; i++) {
                    row.append(i == 1 ? "" : "|").append(rows.getString(i));
                }
                all.add(row.toString());
            }
        }
        return all;
    }

    /** Leaves the failure what it is: {@link io.synod.replica.StandstillExtension} judges it. */
    public void addStoryTo(Throwable failure) {
        failure.addSuppressed(new Throwable(story()));
    }

    private String story() {
        StringBuilder story = new StringBuilder();
        for (NodeProcess node : nodes()) {
            story.append("\nnode ")
                    .append(node.name())
                    .append(node.isAlive() ? " runs" : " does not run")
                    .append(", printed ")
                    .append(node.lines())
                    .append(", logged ")
                    .append(node.errors());
        }
        return story.toString();
    }

    /** {@code kill -9} of all; they can be started again. */
    public void killAll() {
        processes.close();
    }

    @Override
    public void close() {
        killAll();
    }
}
