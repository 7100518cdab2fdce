package io.synod.bench.workload;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;

/** What clients do, in SQL that H2 and PostgreSQL both take. */
interface Workload {
    /** Makes tables and rows anew; what stood under their names is dropped. The connection commits by itself. */
    void prepare(Connection connection) throws SQLException;

    /** What is behind the own database's name in the names of others that {@link #prepare} is called for, too. */
    default List<String> otherDatabases() {
        return List.of();
    }

    /** Whether its clients tell when the commit of an operation began. */
    default boolean tellsCommits() {
        return false;
    }

    /**
     * One client's work on its connection, which may be replaced by another after a failure.
     *
     * @param id from 0, another for each client; of one id only one client works at a time
     */
    Client client(int id);

    /** Opens connections to other databases. */
    @FunctionalInterface
    interface Connector {
        /** @param suffix behind the own database's name */
        Connection connect(String suffix) throws SQLException;
    }

    /** Keeps what makes its operations different from one another; one thread. */
    interface Client {
        /** Prepares statements; called before the first operation on each connection. */
        void use(Connection connection) throws SQLException;

        /** As {@link #use(Connection)}; for a client that works on other databases by connections of their own. */
        default void use(Connection connection, Connector others) throws SQLException {
            use(connection);
        }

        /** One operation: begun, done and, if it writes, durable when it returns. Called again after 40001 with the same. */
        void operate() throws SQLException;

        /** The last operation is done; the next one will be another. */
        void next();

        /**
         * When the commit of the last operation began, by {@link System#nanoTime()}. Only where {@link Workload#tellsCommits()}.
         */
        default long commitBegan() {
            throw new UnsupportedOperationException("this workload does not tell when its commits begin");
        }
    }
}
