package io.synod.bench.workload;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;

/** The workloads by name, and what they share. */
enum Workloads {
    /** One row inserted and committed. */
    INSERT {
        @Override
        Workload create() {
            return new InsertWorkload();
        }
    },
    /** One row read by its primary key. */
    READ {
        @Override
        Workload create() {
            return new ReadWorkload();
        }
    },
    /** An order with its lines, stock and balance, in one transaction. */
    ORDER {
        @Override
        Workload create() {
            return new OrderWorkload();
        }
    },
    /** Nine reads by primary key to one order. */
    MIXED {
        @Override
        Workload create() {
            return new MixedWorkload();
        }
    };

    abstract Workload create();

    static void execute(Connection connection, String... statements) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            for (String sql : statements) {
                statement.execute(sql);
            }
        }
    }
}
