package io.synod.bench.workload;

import java.sql.Connection;
import java.sql.SQLException;

/** Nine reads to one order, each a transaction of its own. */
final class MixedWorkload implements Workload {
    private static final int READS_PER_ORDER = 9;

    private final Workload reads = new ReadWorkload();
    private final Workload orders = new OrderWorkload();

    @Override
    public void prepare(Connection connection) throws SQLException {
        reads.prepare(connection);
        orders.prepare(connection);
    }

    @Override
    public Client client(int id) {
        Client read = reads.client(id);
        Client order = orders.client(id);
        return new Client() {
            private Connection connection;
            private int number;

            private boolean reads() {
                return number % (READS_PER_ORDER + 1) != READS_PER_ORDER;
            }

            @Override
            public void use(Connection next) throws SQLException {
                connection = next;
                read.use(next);
                order.use(next);
            }

            @Override
            public void operate() throws SQLException {
                if (reads()) {
                    read.operate();
                    // As a pool does between two uses; otherwise the reads would lengthen the order's transaction.
                    connection.rollback();
                } else {
                    order.operate();
                }
            }

            @Override
            public void next() {
                (reads() ? read : order).next();
                number++;
            }
        };
    }
}
