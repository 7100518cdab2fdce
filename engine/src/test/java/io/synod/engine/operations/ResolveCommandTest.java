package io.synod.engine.operations;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.branch.BranchRequest;
import io.synod.engine.Sql;
import io.synod.engine.node.EmbeddedEngine;
import io.synod.engine.node.Node;
import io.synod.jdbc.SynodUrl;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ResolveCommandTest {
    private record Answer(int code, String out) {}

    private String sales;
    private String stock;
    private Node node;
    private Connection client;

    @BeforeEach
    void open(@TempDir Path directory) throws SQLException {
        sales = "jdbc:synod:file:" + directory.resolve("sales");
        stock = "jdbc:synod:file:" + directory.resolve("stock");
        client = DriverManager.getConnection(sales, "sa", "");
        node = EmbeddedEngine.start(SynodUrl.parse(sales, null));
        Sql.run(client, "CREATE TABLE t(n INT)");
        try (Connection c = DriverManager.getConnection(stock, "sa", "")) {
            Sql.run(c, "CREATE TABLE t(n INT)", "CREATE USER bob PASSWORD ''");
        }
    }

    @AfterEach
    void close() throws SQLException {
        client.close();
        node.close();
    }

    private static Answer resolve(String... arguments) {
        String[] line = new String[arguments.length + 1];
        line[0] = "resolve";
        System.arraycopy(arguments, 0, line, 1, arguments.length);
        StringWriter out = new StringWriter();
        PrintWriter writer = new PrintWriter(out, true);
        return new Answer(SynodCommand.run(writer, writer, line), out.toString());
    }

    /** Writes in both databases, loses the coordinator when both have prepared, and has a look in between. */
    private Answer loseAfterPreparing() throws SQLException {
        AtomicReference<Answer> seen = new AtomicReference<>();
        node.globalCommits().setFault((database, request) -> {
            if (!(request instanceof BranchRequest.Accept)) {
                return false;
            }
            // Nothing goes on here meanwhile.
            seen.compareAndSet(null, resolve(stock));
            return true;
        });
        client.setAutoCommit(false);
        Sql.run(client, "INSERT INTO t VALUES (1)", "INSERT INTO stock.public.t VALUES (1)");
        SQLException unknown = assertThrows(SQLException.class, client::commit);
        assertEquals("08007", unknown.getSQLState(), unknown.getMessage());
        return seen.get();
    }

    @Test
    void what_is_undecided_is_shown_with_what_becomes_of_it_and_ends_as_the_databases_decide() throws SQLException {
        assertEquals(
                new Answer(0, "no transaction over several databases is undecided here" + System.lineSeparator()),
                resolve(sales));
        Answer seen = loseAfterPreparing();
        assertEquals(0, seen.code(), seen.out());
        String[] lines = seen.out().split(System.lineSeparator());
        assertEquals(3, lines.length, seen.out());
        assertTrue(lines[1].matches("\\S+ +\\d+ +sales +sales prepared, stock prepared"), lines[1]);
        assertTrue(lines[2].contains("is rolled back, unless its coordinator goes on"), lines[2]);
        String gid = lines[1].split(" ")[0];
        Answer ended = resolve(stock, gid);
        assertEquals(new Answer(0, gid + ": rolled back" + System.lineSeparator()), ended);
        try (Connection c = DriverManager.getConnection(stock, "sa", "")) {
            assertEquals(0, Sql.number(c, "SELECT COUNT(*) FROM t"));
        }
    }

    @Test
    void only_an_administrator_has_one_ended() throws SQLException {
        Answer refused = resolve(stock, "some", "--user", "BOB");
        assertEquals(1, refused.code());
        assertTrue(refused.out().contains("[90040]"), refused.out());
    }

    @Test
    void one_that_nobody_knows_is_told() {
        Answer unknown = resolve(stock, "it's nothing");
        assertEquals(1, unknown.code());
        assertTrue(unknown.out().startsWith("it's nothing: nothing is known of it"), unknown.out());
    }
}
