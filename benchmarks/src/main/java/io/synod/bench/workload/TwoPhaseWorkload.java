package io.synod.bench.workload;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.List;
import java.util.Locale;
import java.util.UUID;

/**
 * A row of some 100 bytes in each of two databases, over a connection to each, by two-phase commit: what a transaction manager has
 * the databases do, without its own log. If the client is lost between the phases, the rows stay locked until somebody decides.
 */
final class TwoPhaseWorkload implements Workload {
    private static final long KEYS_PER_CLIENT = 1_000_000_000L;
    private static final String PAYLOAD = "x".repeat(80);
    private static final String TABLE = "BENCH_TWO_PHASE";
    private static final String SECOND = "2";

    @Override
    public List<String> otherDatabases() {
        return List.of(SECOND);
    }

    @Override
    public void prepare(Connection connection) throws SQLException {
        Workloads.execute(
                connection,
                "DROP TABLE IF EXISTS " + TABLE,
                "CREATE TABLE " + TABLE + "(ID BIGINT PRIMARY KEY, PAYLOAD VARCHAR(100) NOT NULL)");
    }

    @Override
    public boolean tellsCommits() {
        return true;
    }

    @Override
    public Client client(int id) {
        return new TwoPhaseClient(id * KEYS_PER_CLIENT);
    }

    /** One open transaction in one of the databases. */
    private static final class Part {
        private final Connection connection;
        private final String suffix;
        private final PreparedStatement insert;
        private final boolean postgres;
        private boolean prepared;

        /** @param suffix makes the names differ: to PostgreSQL they are those of the server, not of the database */
        Part(Connection connection, String suffix) throws SQLException {
            this.connection = connection;
            this.suffix = suffix;
            connection.setAutoCommit(false);
            postgres = connection.getMetaData().getDatabaseProductName().equals("PostgreSQL");
            insert =
                    connection.prepareStatement("INSERT INTO " + TABLE + "(ID, PAYLOAD) VALUES (?, '" + PAYLOAD + "')");
        }

        void insert(long key) throws SQLException {
            insert.setLong(1, key);
            insert.executeUpdate();
        }

        void prepare(String name) throws SQLException {
            Workloads.execute(
                    connection,
                    postgres
                            ? "PREPARE TRANSACTION '" + name + suffix + "'"
                            : "PREPARE COMMIT \"" + name + suffix + '"');
            prepared = true;
        }

        /** @param how COMMIT or ROLLBACK */
        void end(String how, String name) throws SQLException {
            if (!prepared) {
                connection.rollback();
                return;
            }
            prepared = false;
            if (postgres) {
                // Not within a transaction, says its manual.
                connection.setAutoCommit(true);
                Workloads.execute(connection, how + " PREPARED '" + name + suffix + "'");
                connection.setAutoCommit(false);
            } else {
                Workloads.execute(connection, how + " TRANSACTION \"" + name + suffix + '"');
            }
        }
    }

    private static final class TwoPhaseClient implements Client {
        /** The same name twice would be an error after a run that was killed. */
        private final String run = UUID.randomUUID().toString();

        private long key;
        private List<Part> parts = List.of();
        private Connection second;
        private long commitBegan;

        TwoPhaseClient(long key) {
            this.key = key;
        }

        @Override
        public void use(Connection connection) throws SQLException {
            throw new UnsupportedOperationException("needs a connection to the second database");
        }

        @Override
        public void use(Connection connection, Connector others) throws SQLException {
            if (second != null) {
                second.close();
            }
            second = others.connect(SECOND);
            parts = List.of(new Part(connection, ".1"), new Part(second, ".2"));
        }

        @Override
        public void operate() throws SQLException {
            String name = String.format(Locale.ROOT, "%s.%d", run, key);
            try {
                for (Part part : parts) {
                    part.insert(key);
                }
                commitBegan = System.nanoTime();
                for (Part part : parts) {
                    part.prepare(name);
                }
            } catch (SQLException e) {
                if (!String.valueOf(e.getSQLState()).startsWith("08")) {
                    for (Part part : parts) {
                        part.end("ROLLBACK", name);
                    }
                }
                throw e;
            }
            for (Part part : parts) {
                part.end("COMMIT", name);
            }
        }

        @Override
        public void next() {
            key++;
        }

        @Override
        public long commitBegan() {
            return commitBegan;
        }
    }
}
