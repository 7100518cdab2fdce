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
    },
    /** One row read by its primary key, which stands in the statement. */
    LITERAL {
        @Override
        Workload create() {
            return new StatementWorkload(StatementWorkload::readByLiteral);
        }
    },
    /** One row read by a statement that is prepared for it and closed. */
    PREPARED_READ {
        @Override
        Workload create() {
            return new StatementWorkload(StatementWorkload::readPreparedAnew);
        }
    },
    /** One row updated and committed by a statement that is prepared for it and closed. */
    PREPARED_UPDATE {
        @Override
        Workload create() {
            return new StatementWorkload(StatementWorkload::updatePreparedAnew);
        }
    },
    /** One row inserted into one database, by a transaction of its own. */
    ACROSS1 {
        @Override
        Workload create() {
            return AcrossWorkload.across(1);
        }
    },
    /** A row in each of two databases in one transaction; the second is called like the first with 2 behind its name. */
    ACROSS2 {
        @Override
        Workload create() {
            return AcrossWorkload.across(2);
        }
    },
    /** The same with a third. */
    ACROSS3 {
        @Override
        Workload create() {
            return AcrossWorkload.across(3);
        }
    },
    /** A row in each of two tables of one database, in one transaction: what ACROSS2 is measured against. */
    TABLES2 {
        @Override
        Workload create() {
            return AcrossWorkload.inOne(2);
        }
    },
    /** The same with a third, for ACROSS3. */
    TABLES3 {
        @Override
        Workload create() {
            return AcrossWorkload.inOne(3);
        }
    },
    /** A row is inserted into one database, and one is looked for in another. */
    READING2 {
        @Override
        Workload create() {
            return AcrossWorkload.readingAnother();
        }
    },
    /** The same in two tables of one database. */
    READING1 {
        @Override
        Workload create() {
            return AcrossWorkload.readingOwn();
        }
    },
    /**
     * As ACROSS2, with a connection to each database, of which the second is called like the first with 2 behind its name: by the
     * blocking two-phase commit in SQL that transaction managers use.
     */
    TWO_PHASE {
        @Override
        Workload create() {
            return new TwoPhaseWorkload();
        }
    },
    /** What a driver is asked for when a framework gets to know its database. */
    METADATA {
        @Override
        Workload create() {
            return new StatementWorkload(StatementWorkload::askWhatItIs);
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
