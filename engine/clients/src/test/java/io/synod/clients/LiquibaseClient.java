package io.synod.clients;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.jdbc.liquibase.SynodDatabase;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.List;
import liquibase.Contexts;
import liquibase.Liquibase;
import liquibase.changelog.ChangeSet;
import liquibase.changelog.DatabaseChangeLog;
import liquibase.changelog.visitor.AbstractChangeExecListener;
import liquibase.database.Database;
import liquibase.database.DatabaseFactory;
import liquibase.exception.LiquibaseException;
import liquibase.resource.ClassLoaderResourceAccessor;

/** Liquibase by URL: finds driver and database type, keeps its lock and its history through the loss of a leader. */
final class LiquibaseClient {
    private static final int CHANGE_SETS = 7;

    private LiquibaseClient() {}

    static void run(Cluster cluster, String url) throws Exception {
        update(cluster, url, List.of("2", "5"), CHANGE_SETS);
        update(cluster, url, List.of(), 0);
        try (Connection c = DriverManager.getConnection(url, Cluster.USER, Cluster.PASSWORD);
                Statement s = c.createStatement();
                ResultSet rows = s.executeQuery("SELECT (SELECT COUNT(*) FROM DATABASECHANGELOG), "
                        + "(SELECT COUNT(*) FROM PERSON), (SELECT COUNT(*) FROM DATABASECHANGELOGLOCK WHERE LOCKED)")) {
            assertTrue(rows.next());
            assertEquals(CHANGE_SETS, rows.getInt(1));
            assertEquals(3, rows.getInt(2));
            assertEquals(0, rows.getInt(3), "the lock is released");
        }
    }

    private static void update(Cluster cluster, String url, List<String> killedBefore, int expected) throws Exception {
        ClassLoaderResourceAccessor resources = new ClassLoaderResourceAccessor();
        Database database =
                DatabaseFactory.getInstance().openDatabase(url, Cluster.USER, Cluster.PASSWORD, null, resources);
        assertInstanceOf(SynodDatabase.class, database);
        assertEquals("h2", database.getShortName());
        try (Liquibase liquibase = new Liquibase("liquibase/changelog.yaml", resources, database)) {
            int[] ran = new int[1];
            liquibase.setChangeExecListener(new AbstractChangeExecListener() {
                @Override
                public void willRun(ChangeSet change, DatabaseChangeLog log, Database d, ChangeSet.RunStatus status) {
                    ran[0]++;
                    if (killedBefore.contains(change.getId())) {
                        try {
                            cluster.killLeader();
                        } catch (Exception e) {
                            throw new IllegalStateException(e);
                        }
                    }
                }
            });
            liquibase.update(new Contexts());
            assertEquals(expected, ran[0]);
        } catch (LiquibaseException e) {
            throw new AssertionError("of " + url, e);
        }
    }
}
