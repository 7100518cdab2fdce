package io.synod.engine.federation;

import io.synod.engine.federation.TableNames.Named;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.calcite.config.CalciteConnectionConfigImpl;
import org.apache.calcite.jdbc.CalciteSchema;
import org.apache.calcite.prepare.CalciteCatalogReader;
import org.apache.calcite.rel.type.RelDataType;
import org.apache.calcite.rel.type.RelDataTypeFactory;
import org.apache.calcite.schema.Schema;
import org.apache.calcite.schema.Statistic;
import org.apache.calcite.schema.Statistics;
import org.apache.calcite.schema.Table;
import org.apache.calcite.schema.impl.AbstractSchema;
import org.apache.calcite.schema.impl.AbstractTable;
import org.apache.calcite.sql.validate.SqlNameMatchers;
import org.apache.calcite.util.ImmutableBitSet;
import org.h2.engine.SessionLocal;
import org.h2.index.Index;
import org.h2.table.Column;

/** What Calcite knows of the databases: only the tables that one text names. */
final class CalciteCatalog extends CalciteCatalogReader {
    /** A table of H2 with what its database knows of its rows. */
    static final class FederatedTable extends AbstractTable {
        private static final double FEW = 25;

        private final Named named;
        private final List<Column> columns;
        private final double rows;

        FederatedTable(Named named) {
            this.named = named;
            this.columns = List.of(named.table().getVisibleColumns());
            // A table that was empty a moment ago need not be so when the plan runs.
            this.rows = Math.max(
                    1, named.table().getRowCountApproximation(named.branch().catalogue()));
        }

        Named named() {
            return named;
        }

        double rows() {
            return rows;
        }

        boolean isKey(int column) {
            return keys().contains(ImmutableBitSet.of(column));
        }

        /** @return distinct values of a column, after H2's own statistics */
        double distinct(int column) {
            if (isKey(column)) {
                return rows;
            }
            return Math.max(1, rows * columns.get(column).getSelectivity() / 100);
        }

        /** @return the same for a column that is compared with a constant: often a state or a kind, which has few values */
        double constants(int column) {
            // One per cent is H2's least.
            return columns.get(column).getSelectivity() <= 1 ? Math.min(FEW, distinct(column)) : distinct(column);
        }

        /** @return whether an index begins with a column */
        boolean isIndexed(int column) {
            List<Index> indexes = named.table().getIndexes();
            return indexes != null
                    && indexes.stream()
                            .anyMatch(index -> !index.getIndexType().isScan()
                                    && !index.getIndexType().isSpatial()
                                    && index.getColumns()[0] == columns.get(column));
        }

        @Override
        public RelDataType getRowType(RelDataTypeFactory factory) {
            RelDataTypeFactory.Builder type = factory.builder();
            for (Column column : columns) {
                type.add(column.getName(), ((CalciteTypes) factory).of(column.getType(), column.isNullable()));
            }
            return type.build();
        }

        @Override
        public Statistic getStatistic() {
            return Statistics.of(rows, keys());
        }

        private List<ImmutableBitSet> keys() {
            List<ImmutableBitSet> keys = new ArrayList<>();
            List<Index> indexes = named.table().getIndexes();
            if (indexes == null) {
                return keys;
            }
            for (Index index : indexes) {
                if (index.getIndexType().isUnique()) {
                    ImmutableBitSet.Builder key = ImmutableBitSet.builder();
                    boolean whole = true;
                    for (Column column : index.getColumns()) {
                        int at = columns.indexOf(column);
                        whole &= at >= 0 && !column.isNullable();
                        if (at >= 0) {
                            key.set(at);
                        }
                    }
                    if (whole) {
                        keys.add(key.build());
                    }
                }
            }
            return keys;
        }
    }

    private static final class Folder extends AbstractSchema {
        private final Map<String, Schema> folders = new HashMap<>();
        private final Map<String, Table> tables = new HashMap<>();

        @Override
        protected Map<String, Schema> getSubSchemaMap() {
            return folders;
        }

        @Override
        protected Map<String, Table> getTableMap() {
            return tables;
        }
    }

    private CalciteCatalog(CalciteSchema root, boolean exactCase, List<List<String>> paths, CalciteTypes types) {
        super(
                root,
                SqlNameMatchers.withCaseSensitive(exactCase),
                paths,
                types,
                new CalciteConnectionConfigImpl(new Properties()));
    }

    static CalciteCatalog of(Collection<Named> tables, Branch own, CalciteTypes types) {
        Map<String, Folder> databases = new HashMap<>();
        for (Named named : tables) {
            Folder database = databases.computeIfAbsent(named.database(), n -> new Folder());
            Folder schema = (Folder) database.folders.computeIfAbsent(named.schema(), n -> new Folder());
            schema.tables.put(named.name(), new FederatedTable(named));
        }
        CalciteSchema root = CalciteSchema.createRootSchema(false, false);
        databases.forEach(root::add);
        SessionLocal session = own.catalogue();
        List<List<String>> paths = new ArrayList<>();
        for (String schema : TableNames.searchPath(session)) {
            paths.add(List.of(own.database(), schema));
        }
        paths.add(List.of(own.database()));
        paths.add(List.of());
        return new CalciteCatalog(root, !session.getStaticSettings().caseInsensitiveIdentifiers, paths, types);
    }
}
