package io.synod.engine.jdbc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** H2's settings about the case of names. */
@Timeout(240)
class CaseOfNamesTest {
    @Test
    void names_that_keep_their_case_are_found_when_a_column_is_filled() throws Exception {
        try (Connection c = DriverManager.getConnection("jdbc:synod:mem:kept;DATABASE_TO_UPPER=FALSE", "sa", "");
                Statement s = c.createStatement()) {
            s.execute("CREATE SCHEMA Own");
            for (String table : new String[] {"Mixed", "Own.Mixed", "\"q Q\""}) {
                s.execute("CREATE TABLE " + table + "(id INT)");
                s.execute("INSERT INTO " + table + " VALUES (1), (2)");
                s.execute("ALTER TABLE " + table + " ADD COLUMN num UUID DEFAULT RANDOM_UUID()");
                try (ResultSet rows = s.executeQuery("SELECT COUNT(DISTINCT num) FROM " + table)) {
                    assertTrue(rows.next());
                    assertEquals(2, rows.getInt(1), table);
                }
            }
        }
    }

    @Test
    void names_in_lower_case_are_refused_by_name_and_the_database_can_be_opened_without() throws Exception {
        String url = "jdbc:synod:mem:lower";
        SQLException e = assertThrows(
                SQLException.class,
                () -> DriverManager.getConnection(url + ";MODE=PostgreSQL;DATABASE_TO_LOWER=TRUE", "sa", "")
                        .close());
        assertEquals("0A000", e.getSQLState(), e.toString());
        assertTrue(e.getMessage().startsWith("DATABASE_TO_LOWER=TRUE is not possible"), e.getMessage());
        assertTrue(e.getMessage().contains("Instead, "), e.getMessage());
        String without = url + ";MODE=PostgreSQL;DATABASE_TO_LOWER=FALSE;CASE_INSENSITIVE_IDENTIFIERS=TRUE";
        try (Connection c = DriverManager.getConnection(without, "sa", "");
                Statement s = c.createStatement()) {
            s.execute("CREATE TABLE \"mixed\"(\"id\" SERIAL, \"Name\" VARCHAR)");
            s.execute("INSERT INTO MIXED(naMe) VALUES ('x')");
            try (ResultSet rows = s.executeQuery("SELECT ID, NAME FROM Mixed")) {
                assertTrue(rows.next());
                assertEquals("x", rows.getString("name"));
            }
        }
    }
}
