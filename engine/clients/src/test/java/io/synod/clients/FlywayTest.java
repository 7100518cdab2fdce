package io.synod.clients;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.callback.Callback;
import org.flywaydb.core.api.callback.Context;
import org.flywaydb.core.api.callback.Event;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Flyway by URL, which its plugin in the driver makes possible, with the leader killed before statements of a migration: before
 * every third, so that each kind has its turn; {@code -Dflyway.every=1} before each, which takes minutes.
 */
class FlywayTest {
    /** DDL, which commits, and what it leaves in between: rows of the same transaction that a lost leader takes with it. */
    private static final List<String> STATEMENTS = List.of(
            "CREATE TABLE T%d(ID INT PRIMARY KEY, NAME VARCHAR(20));",
            "INSERT INTO T%d VALUES (1, 'one'), (2, 'two');",
            "UPDATE T%d SET NAME = 'changed' WHERE ID = 1;",
            "INSERT INTO T%d SELECT ID + 2, NAME FROM T%<d;",
            "CREATE INDEX I%d ON T%<d(NAME);");

    @TempDir
    private Path directory;

    private static final int EVERY = Integer.getInteger("flyway.every", 3);

    private int statements;
    private int kills;

    @Test
    @Timeout(1200)
    void a_migration_of_fifty_statements_succeeds_although_the_leader_is_killed_again_and_again() throws Exception {
        migrate("FLYWAY", 50);
    }

    private void migrate(String schema, int count) throws Exception {
        Cluster cluster = Cluster.shared();
        String url = cluster.url(schema);
        List<String> script = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            script.add(String.format(STATEMENTS.get(i % STATEMENTS.size()), i / STATEMENTS.size()));
        }
        Files.write(directory.resolve("V1__tables.sql"), script);
        Flyway flyway = Flyway.configure()
                .dataSource(url, Cluster.USER, Cluster.PASSWORD)
                .locations("filesystem:" + directory)
                .callbacks(new KillBeforeEachStatement(cluster))
                .load();
        assertEquals(1, flyway.migrate().migrationsExecuted);
        assertEquals(count, statements);
        assertEquals((count - 1) / EVERY + 1, kills);
        assertEquals(0, flyway.migrate().migrationsExecuted);
        assertTrue(flyway.validateWithResult().validationSuccessful);
        try (Connection c = DriverManager.getConnection(url, Cluster.USER, Cluster.PASSWORD);
                Statement s = c.createStatement()) {
            for (int table = 0; table < count / STATEMENTS.size(); table++) {
                try (ResultSet rows = s.executeQuery(
                        "SELECT COUNT(*), COUNT(*) FILTER (WHERE NAME = 'changed'), COUNT(DISTINCT ID) FROM T"
                                + table)) {
                    assertTrue(rows.next());
                    assertEquals(
                            List.of(4, 2, 4), List.of(rows.getInt(1), rows.getInt(2), rows.getInt(3)), "T" + table);
                }
            }
        }
    }

    private final class KillBeforeEachStatement implements Callback {
        private final Cluster cluster;

        KillBeforeEachStatement(Cluster cluster) {
            this.cluster = cluster;
        }

        @Override
        public boolean supports(Event event, Context context) {
            return event == Event.BEFORE_EACH_MIGRATE_STATEMENT;
        }

        @Override
        public boolean canHandleInTransaction(Event event, Context context) {
            return true;
        }

        @Override
        public void handle(Event event, Context context) {
            if (statements++ % EVERY != 0) {
                return;
            }
            try {
                cluster.killLeader();
                kills++;
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        }

        @Override
        public String getCallbackName() {
            return "kill";
        }
    }
}
