package io.synod.jdbc;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.sql.Connection;
import java.sql.Statement;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What sets the session by another database's names. */
@Timeout(240)
class SessionSettingsTest {
    @ParameterizedTest
    @CsvSource({
        "PostgreSQL, SET SEARCH_PATH TO PUBLIC",
        "PostgreSQL, SET STATEMENT_TIMEOUT TO 60000",
        "MySQL, USE PUBLIC"
    })
    void it_does_not_commit_the_transaction(String mode, String setting) throws Exception {
        try (StockNode node = new StockNode();
                Connection c = node.connect();
                Statement s = c.createStatement()) {
            s.execute("SET MODE " + mode);
            c.setAutoCommit(false);
            s.executeUpdate("INSERT INTO ITEM VALUES (1, 'x')");
            s.execute(setting);
            c.rollback();
            assertEquals(0, node.count("SELECT COUNT(*) FROM ITEM"));
        }
    }

    @Test
    void a_schema_chosen_by_another_name_is_that_of_the_next_node() throws Exception {
        try (StockNode node = new StockNode();
                Connection c = node.connect();
                Statement s = c.createStatement()) {
            s.execute("CREATE SCHEMA OTHER");
            s.execute("SET MODE MySQL");
            s.execute("USE OTHER");
            node.a.down();
            assertEquals("OTHER", c.getSchema());
        }
    }
}
