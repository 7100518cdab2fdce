package io.synod.engine.operations;

import io.trino.tpch.TpchColumn;
import io.trino.tpch.TpchEntity;
import io.trino.tpch.TpchTable;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import javax.sql.DataSource;

/**
 * The TPC-H data set in a database: tables with the primary and foreign keys of the TPC-H specification, and rows from
 * its generator, equal for equal scales.
 */
public final class TpchLoader {
    /** Rows per transaction: large enough to hide the round trips, small enough to stay below one message's size. */
    private static final int BATCH_ROWS = 2_000;

    private static final long GIVE_UP_NANOS = TimeUnit.SECONDS.toNanos(30);

    private static final List<TpchTable<?>> PARENTS_FIRST = List.of(
            TpchTable.REGION,
            TpchTable.NATION,
            TpchTable.SUPPLIER,
            TpchTable.CUSTOMER,
            TpchTable.PART,
            TpchTable.PART_SUPPLIER,
            TpchTable.ORDERS,
            TpchTable.LINE_ITEM);

    private static final Map<String, String> KEYS = Map.of(
            "region", "PRIMARY KEY (R_REGIONKEY)",
            "nation", "PRIMARY KEY (N_NATIONKEY), FOREIGN KEY (N_REGIONKEY) REFERENCES REGION",
            "supplier", "PRIMARY KEY (S_SUPPKEY), FOREIGN KEY (S_NATIONKEY) REFERENCES NATION",
            "customer", "PRIMARY KEY (C_CUSTKEY), FOREIGN KEY (C_NATIONKEY) REFERENCES NATION",
            "part", "PRIMARY KEY (P_PARTKEY)",
            "partsupp",
                    "PRIMARY KEY (PS_PARTKEY, PS_SUPPKEY), FOREIGN KEY (PS_PARTKEY) REFERENCES PART,"
                            + " FOREIGN KEY (PS_SUPPKEY) REFERENCES SUPPLIER",
            "orders", "PRIMARY KEY (O_ORDERKEY), FOREIGN KEY (O_CUSTKEY) REFERENCES CUSTOMER",
            "lineitem",
                    "PRIMARY KEY (L_ORDERKEY, L_LINENUMBER), FOREIGN KEY (L_ORDERKEY) REFERENCES ORDERS,"
                            + " FOREIGN KEY (L_PARTKEY, L_SUPPKEY) REFERENCES PARTSUPP");

    private final DataSource database;
    private final double scale;

    /**
     * @param database where it goes
     * @param scale 1 is about 8.7 million rows; they are in proportion, but for nations and regions
     */
    public TpchLoader(DataSource database, double scale) {
        this.database = database;
        this.scale = scale;
    }

    /**
     * Creates the tables and fills them.
     *
     * @return rows that were inserted
     * @throws SQLException if it cannot be loaded; rows that were inserted before stay
     */
    public long load() throws SQLException {
        try (Connection connection = database.getConnection()) {
            connection.setAutoCommit(false);
            long rows = 0;
            for (TpchTable<?> table : PARENTS_FIRST) {
                create(connection, table);
            }
            for (TpchTable<?> table : PARENTS_FIRST) {
                rows += fill(connection, table);
            }
            return rows;
        }
    }

    private static void create(Connection connection, TpchTable<?> table) throws SQLException {
        String columns = table.getColumns().stream()
                .map(column -> name(column) + " " + type(column) + " NOT NULL")
                .collect(Collectors.joining(", "));
        String sql = "CREATE TABLE " + table.getTableName().toUpperCase(Locale.ROOT) + " (" + columns + ", "
                + KEYS.get(table.getTableName()) + ")";
        retry(connection, () -> {
            try (Statement statement = connection.createStatement()) {
                statement.execute(sql);
            }
        });
    }

    private interface Transaction {
        void run() throws SQLException;
    }

    /** Runs and commits it; again as long as it ends with 40001, which says that nothing of it was done. */
    private static void retry(Connection connection, Transaction transaction) throws SQLException {
        long giveUpNanos = System.nanoTime() + GIVE_UP_NANOS;
        while (true) {
            try {
                transaction.run();
                connection.commit();
                return;
            } catch (SQLException e) {
                connection.rollback();
                if (!"40001".equals(e.getSQLState()) || System.nanoTime() - giveUpNanos > 0) {
                    throw e;
                }
            }
        }
    }

    private <E extends TpchEntity> long fill(Connection connection, TpchTable<E> table) throws SQLException {
        List<TpchColumn<E>> columns = table.getColumns();
        String sql = "INSERT INTO " + table.getTableName().toUpperCase(Locale.ROOT) + " ("
                + columns.stream().map(TpchLoader::name).collect(Collectors.joining(", ")) + ") VALUES ("
                + columns.stream().map(column -> "?").collect(Collectors.joining(", ")) + ")";
        long rows = 0;
        try (PreparedStatement insert = connection.prepareStatement(sql)) {
            Iterator<E> generator = table.createGenerator(scale, 1, 1).iterator();
            while (generator.hasNext()) {
                List<E> batch = new ArrayList<>();
                while (batch.size() < BATCH_ROWS && generator.hasNext()) {
                    batch.add(generator.next());
                }
                retry(connection, () -> {
                    insert.clearBatch();
                    for (E row : batch) {
                        for (int i = 0; i < columns.size(); i++) {
                            set(insert, i + 1, columns.get(i), row);
                        }
                        insert.addBatch();
                    }
                    insert.executeBatch();
                });
                rows += batch.size();
            }
        }
        return rows;
    }

    private static String name(TpchColumn<?> column) {
        return column.getColumnName().toUpperCase(Locale.ROOT);
    }

    private static String type(TpchColumn<?> column) {
        return switch (column.getType().getBase()) {
            case IDENTIFIER -> "BIGINT";
            case INTEGER -> "INTEGER";
            case DATE -> "DATE";
            case DOUBLE -> "DECIMAL(15, 2)";
            case VARCHAR -> "VARCHAR(" + column.getType().getPrecision().orElseThrow() + ")";
        };
    }

    private static <E extends TpchEntity> void set(PreparedStatement insert, int index, TpchColumn<E> column, E row)
            throws SQLException {
        switch (column.getType().getBase()) {
            case IDENTIFIER -> insert.setLong(index, column.getIdentifier(row));
            case INTEGER -> insert.setInt(index, column.getInteger(row));
            case DATE -> insert.setObject(index, LocalDate.ofEpochDay(column.getDate(row)));
            case DOUBLE ->
                insert.setBigDecimal(
                        index, BigDecimal.valueOf(column.getDouble(row)).setScale(2, RoundingMode.HALF_UP));
            case VARCHAR -> insert.setString(index, column.getString(row));
        }
    }
}
