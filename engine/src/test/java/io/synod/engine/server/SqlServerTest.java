package io.synod.engine.server;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedOutputStream;
import java.io.ByteArrayInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.sql.BatchUpdateException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import org.h2.engine.ConnectionInfo;
import org.h2.engine.SessionRemote;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(240)
class SqlServerTest {
    private PlainNode node;
    private SqlServer server;

    @BeforeEach
    void start() throws Exception {
        node = new PlainNode();
        server = node.serve(50);
    }

    @AfterEach
    void stop() throws Exception {
        node.close();
    }

    private Connection connect(String client) throws SQLException {
        return client.equals("stock") ? PlainNode.stock(server) : PlainNode.driver(server);
    }

    @ParameterizedTest
    @ValueSource(strings = {"stock", "synod"})
    void both_clients_read_write_page_batch_and_get_metadata(String client) throws SQLException {
        try (Connection c = connect(client);
                Statement s = c.createStatement()) {
            s.execute("CREATE TABLE NOTE(ID BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, TEXT VARCHAR)");
            try (PreparedStatement p =
                    c.prepareStatement("INSERT INTO NOTE(TEXT) VALUES (?)", Statement.RETURN_GENERATED_KEYS)) {
                for (int i = 0; i < 1000; i++) {
                    p.setString(1, "t" + i);
                    p.addBatch();
                }
                assertEquals(1000, p.executeBatch().length);
                try (ResultSet keys = p.getGeneratedKeys()) {
                    assertTrue(keys.next());
                    assertEquals(1, keys.getLong(1));
                }
            }
            s.setFetchSize(7);
            try (ResultSet rows = s.executeQuery("SELECT ID, TEXT FROM NOTE ORDER BY ID")) {
                for (int i = 0; i < 1000; i++) {
                    assertTrue(rows.next());
                    assertEquals("t" + i, rows.getString(2));
                }
                assertFalse(rows.next());
            }
            try (PreparedStatement p = c.prepareStatement("INSERT INTO ITEM VALUES (?, 'x')")) {
                for (int id : new int[] {1, 1, 2}) {
                    p.setInt(1, id);
                    p.addBatch();
                }
                BatchUpdateException e = assertThrows(BatchUpdateException.class, p::executeBatch);
                assertArrayEquals(new int[] {1, Statement.EXECUTE_FAILED, 1}, e.getUpdateCounts());
                assertEquals("23505", e.getNextException().getSQLState());
                assertEquals("ID", p.getParameterMetaData() == null ? "" : "ID");
            }
            try (ResultSet columns = c.getMetaData().getColumns(null, "PUBLIC", "NOTE", "%")) {
                assertTrue(columns.next());
                assertEquals("ID", columns.getString("COLUMN_NAME"));
            }
            c.setAutoCommit(false);
            s.executeUpdate("DELETE FROM NOTE");
            c.rollback();
            s.executeUpdate("DELETE FROM NOTE WHERE ID > 10");
            c.commit();
            c.setAutoCommit(true);
            assertEquals(10, node.count("SELECT COUNT(*) FROM NOTE"));
            s.execute("CREATE SCHEMA OTHER");
            s.execute("SET SCHEMA OTHER");
            assertEquals("OTHER", c.getSchema());
            assertTrue(c.isValid(60));
        }
        await(() -> server.connections() == 0 && node.allSessionsClosed());
    }

    @ParameterizedTest
    @ValueSource(strings = {"stock", "synod"})
    void large_objects_go_in_and_are_fetched_in_portions(String client) throws SQLException, IOException {
        long seed = 42;
        byte[] bytes = new byte[2_000_000];
        new Random(seed).nextBytes(bytes);
        try (Connection c = connect(client)) {
            c.createStatement().execute("CREATE TABLE DOCUMENT(ID INT PRIMARY KEY, BODY BLOB, TEXT CLOB)");
            try (PreparedStatement p = c.prepareStatement("INSERT INTO DOCUMENT VALUES (1, ?, ?)")) {
                p.setBinaryStream(1, new ByteArrayInputStream(bytes));
                p.setString(2, "ä".repeat(300_000));
                p.executeUpdate();
            }
            try (ResultSet rows = c.createStatement().executeQuery("SELECT BODY, TEXT FROM DOCUMENT")) {
                rows.next();
                assertArrayEquals(bytes, rows.getBinaryStream(1).readAllBytes(), "seed " + seed);
                assertEquals(300_000, rows.getString(2).length());
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"stock", "synod"})
    void a_running_statement_is_cancelled_through_another_connection(String client) throws Exception {
        try (Connection c = connect(client);
                Statement s = c.createStatement()) {
            CompletableFuture<String> state = CompletableFuture.supplyAsync(() -> assertThrows(
                            SQLException.class,
                            () -> s.executeQuery("SELECT SUM(A.X * B.X) FROM SYSTEM_RANGE(1, 1000000) A,"
                                    + " SYSTEM_RANGE(1, 1000000) B"))
                    .getSQLState());
            await(() -> {
                try {
                    s.cancel();
                } catch (SQLException e) {
                    throw new IllegalStateException(e);
                }
                return state.isDone();
            });
            assertEquals("57014", state.get());
            assertEquals(1, c.createStatement().executeUpdate("INSERT INTO ITEM VALUES (1, 'x')"));
        }
    }

    @Test
    void the_driver_and_the_node_agree_on_the_number_of_every_request() throws Exception {
        List<CommitLedger.Id> before = List.copyOf(node.ledger().requested());
        assertEquals(0, before.size());
        try (Connection c = PlainNode.driver(server);
                Statement s = c.createStatement()) {
            // Statements after which H2's remote session asks questions of its own: they must not count.
            s.execute("SET @V = 1");
            c.getSchema();
            s.execute("CREATE SCHEMA OTHER");
            c.setSchema("OTHER");
            c.getTransactionIsolation();
            c.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
            c.setAutoCommit(false);
            c.getMetaData().getTables(null, null, null, null).close();
            s.executeUpdate("INSERT INTO PUBLIC.ITEM VALUES (1, 'x')");
            c.commit();
            List<Long> numbers = numbers();
            long last = numbers.get(numbers.size() - 1);
            UUID session = node.ledger().requested().get(0).session();
            // What was announced is one number per call of the driver, in order and without a gap.
            assertEquals(numbers.stream().sorted().toList(), numbers);
            assertEquals(last, numbers.stream().distinct().count() - (numbers.contains(0L) ? 1 : 0));
            assertTrue(node.ledger().resolve(session, last), "the commit was number " + last);
            assertFalse(node.ledger().resolve(session, last - 1));
        }
    }

    private List<Long> numbers() {
        return node.ledger().requested().stream().map(CommitLedger.Id::number).collect(Collectors.toList());
    }

    @Test
    void requests_of_a_stock_client_are_counted_from_one() throws SQLException {
        try (Connection c = PlainNode.stock(server)) {
            c.createStatement().executeUpdate("INSERT INTO ITEM VALUES (1, 'x')");
        }
        List<Long> numbers = numbers();
        for (int i = 0; i < numbers.size(); i++) {
            assertEquals(i + 1, numbers.get(i));
        }
        assertEquals(
                1,
                node.ledger().requested().stream()
                        .map(CommitLedger.Id::session)
                        .distinct()
                        .count());
    }

    @Test
    void requests_that_a_client_does_not_announce_do_not_count_when_it_announces_others() throws SQLException {
        // As after a failover: questions of the driver's own (who leads, what became of a commit) come before its next
        // request.
        Properties settings = new Properties();
        settings.setProperty("SYNOD_SESSION", UUID.randomUUID().toString());
        settings.setProperty("SYNOD_REQUESTS", "7");
        try (SessionHolder client = new SessionHolder(server.port(), settings)) {
            client.ask();
            client.ask();
        }
        numbers().forEach(number -> assertEquals(7, number));
        assertFalse(numbers().isEmpty());
    }

    /** H2's own remote session, with settings that its JDBC driver would refuse. */
    private record SessionHolder(SessionRemote session) implements AutoCloseable {
        SessionHolder(int port, Properties settings) {
            this(connected(port, settings));
        }

        private static SessionRemote connected(int port, Properties settings) {
            ConnectionInfo info = new ConnectionInfo("jdbc:h2:tcp://127.0.0.1:" + port + "/shop", null, "sa", "secret");
            settings.stringPropertyNames().stream()
                    .filter(key -> key.startsWith("SYNOD"))
                    .forEach(key -> info.setProperty(key, settings.getProperty(key)));
            SessionRemote session = new SessionRemote(info);
            session.connectEmbeddedOrServer(false);
            return session;
        }

        void ask() {
            session.prepareCommand("SELECT 1").executeQuery(1, 1, false).close();
        }

        @Override
        public void close() {
            session.close();
        }
    }

    @Test
    void a_client_that_vanishes_is_rolled_back() throws Exception {
        try (ServerSocket between = new ServerSocket(0)) {
            CompletableFuture<Socket> accepted = CompletableFuture.supplyAsync(() -> pipe(between));
            Connection c = DriverManager.getConnection(
                    "jdbc:h2:tcp://127.0.0.1:" + between.getLocalPort() + "/shop", "sa", "secret");
            c.setAutoCommit(false);
            c.createStatement().executeUpdate("INSERT INTO ITEM VALUES (1, 'x')");
            accepted.get().close();
            await(() -> server.connections() == 0 && node.allSessionsClosed());
        }
        try (Connection c = PlainNode.stock(server)) {
            assertEquals(1, c.createStatement().executeUpdate("INSERT INTO ITEM VALUES (1, 'y')"));
        }
    }

    /** Forwards one connection to the server; closing the socket that is returned cuts it. */
    private Socket pipe(ServerSocket between) {
        try {
            Socket client = between.accept();
            Socket to = new Socket("127.0.0.1", server.port());
            copy(client, to);
            copy(to, client);
            return to;
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void copy(Socket from, Socket to) {
        Thread thread = new Thread(() -> {
            try (from;
                    to) {
                from.getInputStream().transferTo(to.getOutputStream());
            } catch (IOException e) {
                // Cut: what this is for.
            }
        });
        thread.setDaemon(true);
        thread.start();
    }

    @ParameterizedTest
    @ValueSource(strings = {"stock", "synod"})
    void wrong_password_and_unknown_database_are_told(String client) {
        String url = (client.equals("stock") ? "jdbc:h2:tcp" : "jdbc:synod") + "://127.0.0.1:" + server.port();
        assertEquals(
                "28000",
                assertThrows(SQLException.class, () -> DriverManager.getConnection(url + "/shop", "sa", "x"))
                        .getSQLState());
        assertEquals(
                90013,
                assertThrows(SQLException.class, () -> DriverManager.getConnection(url + "/nix", "sa", "x"))
                        .getErrorCode());
    }

    @Test
    void one_connection_too_many_is_refused_with_a_reason() throws Exception {
        SqlServer small = node.serve(1);
        try (Connection c = PlainNode.stock(small)) {
            SQLException e = assertThrows(SQLException.class, () -> PlainNode.stock(small));
            assertEquals("53300", e.getSQLState());
            assertTrue(e.getMessage().contains("MAX_CONNECTIONS=1 "), e.getMessage());
            assertTrue(c.isValid(60));
        }
        await(() -> {
            try {
                PlainNode.stock(small).close();
                return true;
            } catch (SQLException e) {
                assertEquals("53300", e.getSQLState(), e.getMessage());
                return false;
            }
        });
    }

    @Test
    void where_a_node_is_full_the_driver_takes_the_next_one_and_where_all_are_it_tells() throws Exception {
        SqlServer small = node.serve(1);
        SqlServer other = node.serve(1);
        try (Connection first = PlainNode.driver(small, other);
                Connection second = PlainNode.driver(small, other)) {
            assertTrue(first.isValid(60) && second.isValid(60));
            assertEquals(1, small.connections());
            assertEquals(1, other.connections());
            SQLException e = assertThrows(SQLException.class, () -> PlainNode.driver(small, other));
            assertEquals("53300", e.getSQLState());
            assertTrue(e.getMessage().contains("MAX_CONNECTIONS=1 "), e.getMessage());
        }
    }

    @Test
    void who_only_connects_takes_no_place_of_a_session() throws Exception {
        SqlServer small = node.serve(1);
        List<Socket> silent = new ArrayList<>();
        try {
            for (int i = 0; i < 20; i++) {
                silent.add(new Socket("127.0.0.1", small.port()));
            }
            await(() -> small.sockets() == 20);
            try (Connection c = PlainNode.stock(small)) {
                assertTrue(c.isValid(60));
            }
        } finally {
            for (Socket socket : silent) {
                socket.close();
            }
        }
    }

    @Test
    void a_port_in_use_is_named() {
        IOException e = assertThrows(
                IOException.class, () -> SqlServer.start("127.0.0.1", server.port(), node, new ConnectionPlaces(1)));
        assertTrue(e.getMessage().contains("127.0.0.1:" + server.port()), e.getMessage());
    }

    @Test
    void garbage_is_dropped_and_the_server_goes_on() throws Exception {
        long seed = 7;
        Random random = new Random(seed);
        for (int i = 0; i < 50; i++) {
            byte[] garbage = new byte[random.nextInt(200)];
            random.nextBytes(garbage);
            if (i == 0) {
                garbage = "GET / HTTP/1.1\r\nHost: x\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
            } else if (i % 2 == 0 && garbage.length > 8) {
                // Looks like a client for the first eight bytes.
                System.arraycopy(new byte[] {0, 0, 0, 17, 0, 0, 0, 21}, 0, garbage, 0, 8);
            }
            try (Socket socket = new Socket("127.0.0.1", server.port())) {
                socket.getOutputStream().write(garbage);
                socket.shutdownOutput();
                drain(socket);
            }
        }
        try (Connection c = PlainNode.driver(server)) {
            assertTrue(c.isValid(60), "seed " + seed);
        }
    }

    @Test
    void who_is_refused_and_has_sent_more_than_its_greeting_reads_why_to_the_end() throws Exception {
        try (Socket socket = new Socket("127.0.0.1", server.port())) {
            DataOutputStream out = new DataOutputStream(new BufferedOutputStream(socket.getOutputStream()));
            out.writeInt(20);
            out.writeInt(21);
            for (String text : List.of("shop", "jdbc:h2:tcp://127.0.0.1/shop", "NOBODY")) {
                out.writeInt(text.length());
                out.writeChars(text);
            }
            // No password, none of a file, no settings.
            out.writeInt(-1);
            out.writeInt(-1);
            out.writeInt(0);
            // More than the node reads at once with the greeting.
            out.write(new byte[64 * 1024]);
            out.flush();
            byte[] answer = socket.getInputStream().readAllBytes();
            String said = new String(answer, StandardCharsets.UTF_16BE);
            assertTrue(said.contains("28000"), said);
        }
    }

    private static void drain(Socket socket) {
        try {
            socket.getInputStream().readAllBytes();
        } catch (IOException e) {
            // Reset by a server that did not read to the end: dropped, as it should be.
        }
    }

    @Test
    void a_connection_that_another_port_accepted_and_began_to_read_is_served() throws Exception {
        SqlServer portless = SqlServer.withoutPort(node, new ConnectionPlaces(10));
        try (ServerSocket other = new ServerSocket(0)) {
            CompletableFuture<Boolean> handedOver = CompletableFuture.supplyAsync(() -> {
                try {
                    Socket socket = other.accept();
                    byte[] first = socket.getInputStream().readNBytes(4);
                    InputStream whole =
                            new SequenceInputStream(new ByteArrayInputStream(first), socket.getInputStream());
                    return portless.serve(socket, whole);
                } catch (IOException e) {
                    throw new IllegalStateException(e);
                }
            });
            try (Connection c = DriverManager.getConnection(
                    "jdbc:h2:tcp://127.0.0.1:" + other.getLocalPort() + "/shop", "sa", "secret")) {
                assertTrue(handedOver.get());
                assertEquals(1, c.createStatement().executeUpdate("INSERT INTO ITEM VALUES (1, 'x')"));
            }
        } finally {
            portless.close();
        }
    }

    private static void await(BooleanSupplier condition) {
        long end = System.nanoTime() + 60_000_000_000L;
        while (!condition.getAsBoolean()) {
            assertTrue(System.nanoTime() < end, "not so within 60 s");
            java.util.concurrent.locks.LockSupport.parkNanos(5_000_000);
        }
    }
}
