package io.synod.engine.across;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.engine.Sql;
import java.nio.file.Path;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Several statements in one text, of which some name another database. */
class ListsElsewhereTest {
    private static final String HOME =
            "CREATE TABLE orders(id INT PRIMARY KEY, item INT); INSERT INTO orders VALUES (1, 7), (2, 8), (3, 9)";

    private static final String THERE =
            "CREATE TABLE items(id INT PRIMARY KEY, n INT); INSERT INTO items VALUES (7, 10), (8, 20)";

    @TempDir
    private Path directory;

    @Test
    void each_is_executed_and_the_first_one_s_result_is_given() throws SQLException {
        try (Pair pair = new Pair(directory, "", HOME, THERE)) {
            for (boolean autoCommit : new boolean[] {true, false}) {
                pair.autoCommit(autoCommit);
                pair.works(
                        "SELECT n FROM :items ORDER BY 1; UPDATE :items SET n = n + 1; UPDATE orders SET item = item + 1",
                        "UPDATE orders SET item = item - 1 WHERE id < 3; INSERT INTO :items SELECT id + 20, item FROM orders",
                        "SELECT * FROM :items ORDER BY id",
                        "DELETE FROM :items WHERE id > 20;; SELECT * FROM orders;",
                        "SET @x = (SELECT MAX(n) FROM :items); UPDATE orders SET item = @x WHERE id = 3",
                        "SELECT * FROM orders ORDER BY id",
                        ";SELECT 1; UPDATE :items SET n = 3 WHERE id = 7",
                        "SELECT * FROM :items ORDER BY id");
                pair.same(
                        "UPDATE :items SET n = n + 1; INSERT INTO orders VALUES (1, 1)",
                        "UPDATE :items SET n = n + 1; SELECT nothing FROM :items",
                        "SELECT nothing FROM :items; UPDATE :items SET n = n + 1",
                        "SELECT * FROM :items ORDER BY id");
                if (!autoCommit) {
                    pair.works("ROLLBACK; SELECT * FROM :items", "SELECT * FROM :items ORDER BY id");
                }
            }
            pair.autoCommit(true);
        }
    }

    @Test
    void parameters_are_counted_over_all_of_them() throws SQLException {
        try (Pair pair = new Pair(directory, "", HOME, THERE);
                PreparedStatement list = pair.several()
                        .prepareStatement("UPDATE stock.public.items SET n = ? WHERE id = ?;"
                                + " UPDATE orders SET item = ? WHERE id IN (SELECT id - ? FROM stock.public.items)")) {
            assertEquals(4, list.getParameterMetaData().getParameterCount());
            for (int n = 1; n <= 2; n++) {
                list.setInt(1, n);
                list.setInt(2, 7);
                list.setInt(3, n + 100);
                list.setInt(4, 6);
                assertFalse(list.execute());
                assertEquals(1, list.getUpdateCount());
                assertEquals(n, Sql.number(pair.several(), "SELECT n FROM stock.public.items WHERE id = 7"));
                assertEquals(n + 100, Sql.number(pair.several(), "SELECT item FROM orders WHERE id = 1"));
            }
            assertTrue(pair.several().getAutoCommit());
        }
    }
}
