package io.synod.engine.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.StringReader;
import java.lang.reflect.Field;
import java.nio.charset.StandardCharsets;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.h2.command.query.Query;
import org.h2.engine.Mode;
import org.h2.engine.SessionLocal;
import org.h2.expression.ExpressionVisitor;
import org.h2.jdbc.JdbcConnection;
import org.h2.tools.Csv;
import org.h2.util.Utils;
import org.junit.jupiter.api.Test;

/** Each function of H2's that may give another value when it is called again is known to the rewriter of DDL, in every mode. */
class UnequalFunctionsTest {
    private static final List<String> COMPATIBILITY =
            List.of("DB2Derby", "Legacy", "MSSQLServer", "MySQL", "Oracle", "PostgreSQL");

    private static final List<String> ARGUMENTS = List.of(
            "", "()", "(1)", "(1, 2)", "('S')", "('PUBLIC', 'S')", "('A', 'B', 'C')", " TIMESTAMP", " DATE", " TIME");

    /** The same on every member at one place in the log: they belong to the statement's author, or to the database. */
    private static final Set<String> EQUAL = Set.of(
            "AUTOCOMMIT",
            "CURRENT_CATALOG",
            "CURRENT_DATABASE",
            "CURRENT_PATH",
            "CURRENT_ROLE",
            "CURRENT_SCHEMA",
            "CURRENT_USER",
            "DATABASE",
            "DB_OBJECT_SQL",
            "HAS_DATABASE_PRIVILEGE",
            "HAS_SCHEMA_PRIVILEGE",
            "HAS_TABLE_PRIVILEGE",
            "LOCK_MODE",
            "READONLY",
            "SCHEMA",
            "SESSION_USER",
            "SET_CONFIG",
            "SYSTEM_USER",
            "USER");

    private static Set<String> names() throws Exception {
        Set<String> names = new TreeSet<>(Set.of("CURRENT", "NEWID", "UUID", "SYSDATE", "SYSTIMESTAMP", "TODAY"));
        names.addAll(EQUAL);
        Csv csv = new Csv();
        csv.setLineCommentCharacter('#');
        try (ResultSet help = csv.read(
                new StringReader(new String(Utils.getResource("/org/h2/res/help.csv"), StandardCharsets.UTF_8)),
                null)) {
            while (help.next()) {
                if (help.getString("SECTION").contains("Functions")) {
                    names.addAll(Arrays.asList(help.getString("TOPIC").strip().split("[ ,]+")));
                }
            }
        }
        for (String mode : COMPATIBILITY) {
            Field functions = Class.forName("org.h2.mode.Functions" + mode).getDeclaredField("FUNCTIONS");
            functions.setAccessible(true);
            ((Map<?, ?>) functions.get(null)).keySet().forEach(name -> names.add(name.toString()));
        }
        return names;
    }

    private static JdbcConnection connect(String mode) throws SQLException {
        return (JdbcConnection) DriverManager.getConnection("jdbc:h2:mem:;MODE=" + mode);
    }

    @Test
    void none_is_taken_for_equal_without_a_reason() throws Exception {
        Set<String> names = names();
        assertTrue(names.contains("RANDOM_UUID") && names.contains("LAST_INSERT_ID"), "not the functions: " + names);
        Set<String> unknown = new TreeSet<>();
        Set<String> seen = new TreeSet<>();
        for (Mode.ModeEnum mode : Mode.ModeEnum.values()) {
            try (JdbcConnection c = connect(mode.name());
                    Statement s = c.createStatement()) {
                s.execute("CREATE SEQUENCE S");
                SessionLocal session = (SessionLocal) c.getSession();
                for (String name : names) {
                    for (String arguments : ARGUMENTS) {
                        if (!isDeterministic(session, name + arguments)) {
                            seen.add(name);
                            if (!EQUAL.contains(name)
                                    && UnequalValues.find(
                                                    SqlText.tokens("DEFAULT " + name + arguments),
                                                    session.getDatabase())
                                            == null) {
                                unknown.add(mode + " " + name + arguments);
                            }
                        }
                    }
                }
            }
        }
        assertEquals(Set.of(), unknown);
        assertTrue(seen.containsAll(EQUAL), "H2 has no such functions any more: " + EQUAL + ", only " + seen);
    }

    private static boolean isDeterministic(SessionLocal session, String expression) {
        try {
            Query query = (Query) session.prepare("SELECT " + expression);
            return query.getExpressions().get(0).isEverything(ExpressionVisitor.DETERMINISTIC_VISITOR);
        } catch (RuntimeException e) {
            // There is no such function in this mode, or it has other arguments, which H2 may say by a null pointer.
            return true;
        }
    }
}
