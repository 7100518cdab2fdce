package io.synod.engine.operations;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SynodCommandTest {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int run(String... args) {
        return SynodCommand.run(new PrintWriter(out, true), new PrintWriter(err, true), args);
    }

    @Test
    void version_is_that_of_the_build() {
        assertEquals(0, run("--version"));
        assertTrue(out.toString().strip().matches("synod \\d+\\.\\d+\\.\\d+(-SNAPSHOT)?"), out.toString());
    }

    @ParameterizedTest
    @ValueSource(strings = {"node", "status", "space", "resolve", "sql", "verify", "demo"})
    void every_command_explains_itself(String command) {
        assertEquals(0, run(command, "--help"));
        assertTrue(out.toString().startsWith("Usage: synod " + command), out.toString());
        assertTrue(run(command, "--no-such-option") == 2 && err.toString().contains("--help"), err.toString());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "nod", "status", "node --name a", "sql"})
    void a_wrong_call_is_explained_in_one_line(String line) {
        assertEquals(2, run(line.isEmpty() ? new String[0] : line.split(" ")));
        assertEquals(1, err.toString().lines().count(), err.toString());
        assertEquals("", out.toString());
    }

    @Test
    void a_failure_is_one_line_with_its_state() {
        assertEquals(1, run("status", "jdbc:nothing:x"));
        assertEquals(1, err.toString().lines().count(), err.toString());
        assertTrue(err.toString().contains("[08001]"), err.toString());
    }

    @Test
    void verify_names_what_differs_and_who_has_what() {
        Verification result = Verification.compare(
                7,
                Map.of(
                        "a", Map.of("table T", "3 rows 0f", "catalogue", "11"),
                        "b", Map.of("table T", "2 rows 0e", "catalogue", "11"),
                        "c", Map.of("catalogue", "11")));
        assertFalse(result.equal());
        assertEquals(1, result.differences().size());
        String line = result.differences().get(0);
        for (String part : List.of("table T differs:", "a has 3 rows 0f", "b has 2 rows 0e", "c has not there")) {
            assertTrue(line.contains(part), line);
        }
    }

    @Test
    void verify_of_nothing_is_not_equality() {
        assertFalse(
                Verification.compare(7, Map.of("a", Map.of(), "b", Map.of())).equal());
    }

    @Test
    void a_members_url_keeps_the_settings_of_a_remote_one() {
        assertEquals(
                "jdbc:synod://h2:7/shop;READ=LOCAL;TARGET=ANY",
                MemberUrl.of("jdbc:synod://h1:1,h2:8,h3:1/Shop;target=LEADER;READ=LOCAL", "h2:7", "shop"));
        assertEquals(
                "jdbc:synod://h2:7/shop;TARGET=ANY",
                MemberUrl.of("jdbc:synod:file:./data/shop;SQL=h2:8", "h2:7", "shop"));
    }

    @Test
    void another_database_of_the_same_nodes_has_the_same_url_but_for_its_name() {
        assertEquals(
                "jdbc:synod://h1:1,h2:8/stock;READ=LOCAL",
                MemberUrl.sibling("jdbc:synod://h1:1,h2:8/Shop;READ=LOCAL", "stock"));
        assertEquals(
                "jdbc:synod:file:./data/stock;DIR=/x/y",
                MemberUrl.sibling("jdbc:synod:file:./data/shop;DIR=/x/y", "stock"));
        assertEquals("jdbc:synod:mem:stock", MemberUrl.sibling("jdbc:synod:mem:shop", "stock"));
        assertEquals("jdbc:synod://h1:1/shop;READ=LOCAL", MemberUrl.local("jdbc:synod://h1:1/shop"));
        assertEquals("jdbc:synod://h1:1/shop;read=SESSION", MemberUrl.local("jdbc:synod://h1:1/shop;read=SESSION"));
    }

    @Test
    void the_longest_gap_begins_at_the_last_commit_before_the_kill() {
        Gaps gaps = new Gaps(new long[] {100, 10, 20, 300, 310});
        assertEquals(80, gaps.longestNanos(25, 200));
        assertEquals(200, gaps.longestNanos(25, 400));
        assertEquals(-1, gaps.longestNanos(400, 500));
    }

    @Test
    void one_statement_prints_its_rows_or_its_error() {
        assertEquals(0, run("sql", "jdbc:h2:mem:sql-command", "-c", "SELECT 1 AS ONE, 'zwei' AS TWO, NULL AS NOTHING"));
        assertEquals(
                List.of("ONE  TWO   NOTHING", "  1  zwei  NULL"),
                out.toString().lines().toList());
        assertEquals(1, run("sql", "jdbc:h2:mem:sql-command", "-c", "SELEC 1"));
        assertEquals(1, err.toString().lines().count(), err.toString());
        assertTrue(err.toString().contains("[42001]"), err.toString());
    }
}
