package io.synod.engine.federation;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.apache.calcite.plan.RelOptUtil;
import org.apache.calcite.rel.RelNode;
import org.apache.calcite.rel.core.Aggregate;
import org.apache.calcite.rel.core.Filter;
import org.apache.calcite.rel.core.Join;
import org.apache.calcite.rel.core.JoinInfo;
import org.apache.calcite.rel.core.JoinRelType;
import org.apache.calcite.rel.core.Project;
import org.apache.calcite.rel.core.Sort;
import org.apache.calcite.rel.core.TableScan;
import org.apache.calcite.rel.metadata.RelColumnOrigin;
import org.apache.calcite.rel.metadata.RelMetadataQuery;
import org.apache.calcite.rex.RexCall;
import org.apache.calcite.rex.RexInputRef;
import org.apache.calcite.rex.RexNode;
import org.apache.calcite.sql.SqlKind;
import org.apache.calcite.util.ImmutableBitSet;

/** How many rows to expect, from H2's row counts and selectivities. */
final class Estimate {
    /** Calcite takes half of all rows for each bound; between two there are less. */
    private static final double BETWEEN = 0.4;

    private final RelMetadataQuery metadata;

    Estimate(RelNode root) {
        this.metadata = root.getCluster().getMetadataQuery();
    }

    /** @return rows of a relation, at least 1 */
    double rows(RelNode rel) {
        if (rel instanceof TableScan) {
            return Math.max(1, rel.getTable().getRowCount());
        }
        if (rel instanceof Project project) {
            return rows(project.getInput());
        }
        if (rel instanceof Filter filter) {
            double rows = rows(filter.getInput());
            for (RexNode condition : RelOptUtil.conjunctions(filter.getCondition())) {
                rows *= selectivity(filter.getInput(), condition);
            }
            rows *= Math.pow(BETWEEN, ranges(filter.getCondition()));
            return Math.max(1, rows);
        }
        if (rel instanceof Join join) {
            double left = rows(join.getLeft());
            double rows = left * rows(join.getRight());
            JoinInfo keys = join.analyzeCondition();
            if (!keys.leftKeys.isEmpty()) {
                rows /= unique(join.getRight(), keys.rightKeys)
                        ? unfiltered(join.getRight())
                        : unique(join.getLeft(), keys.leftKeys)
                                ? unfiltered(join.getLeft())
                                : Math.max(
                                        combinations(join.getLeft(), keys.leftKeys),
                                        combinations(join.getRight(), keys.rightKeys));
            }
            return Math.max(join.getJoinType() == JoinRelType.LEFT ? left : 1, rows);
        }
        if (rel instanceof Aggregate aggregate) {
            double groups = 1;
            for (int column : aggregate.getGroupSet()) {
                groups *= distinct(aggregate.getInput(), column);
            }
            return Math.max(1, Math.min(groups, rows(aggregate.getInput())));
        }
        if (rel instanceof Sort sort && sort.fetch == null) {
            return rows(sort.getInput());
        }
        Double rows = metadata.getRowCount(rel);
        return rows == null ? 1 : Math.max(1, rows);
    }

    private boolean unique(RelNode rel, List<Integer> columns) {
        return Boolean.TRUE.equals(metadata.areColumnsUnique(rel, ImmutableBitSet.of(columns)));
    }

    private double unfiltered(RelNode rel) {
        return rel instanceof Project || rel instanceof Filter ? unfiltered(rel.getInput(0)) : rows(rel);
    }

    private double combinations(RelNode rel, List<Integer> columns) {
        double combinations = 1;
        for (int column : columns) {
            combinations *= distinct(rel, column);
        }
        return Math.min(combinations, unfiltered(rel));
    }

    /** How many columns have a lower bound as well as an upper one. */
    private static long ranges(RexNode condition) {
        Set<Integer> lower = new HashSet<>();
        Set<Integer> upper = new HashSet<>();
        for (RexNode part : RelOptUtil.conjunctions(condition)) {
            if (part instanceof RexCall call
                    && call.getOperands().get(0) instanceof RexInputRef ref
                    && RelOptUtil.InputFinder.bits(part).cardinality() == 1) {
                switch (call.getKind()) {
                    case GREATER_THAN, GREATER_THAN_OR_EQUAL -> lower.add(ref.getIndex());
                    case LESS_THAN, LESS_THAN_OR_EQUAL -> upper.add(ref.getIndex());
                    default -> {}
                }
            }
        }
        return lower.stream().filter(upper::contains).count();
    }

    private double selectivity(RelNode input, RexNode condition) {
        if (condition.isA(SqlKind.EQUALS)) {
            List<RexNode> sides = ((RexCall) condition).getOperands();
            for (RexNode side : sides) {
                if (side instanceof RexInputRef ref) {
                    CalciteCatalog.FederatedTable table = table(input, ref.getIndex());
                    return 1
                            / (table == null
                                    ? distinct(input, ref.getIndex())
                                    : table.constants(metadata.getColumnOrigin(input, ref.getIndex())
                                            .getOriginColumnOrdinal()));
                }
            }
        }
        Double guess = metadata.getSelectivity(input, condition);
        return guess == null ? 1 : guess;
    }

    /** @return distinct values of a column, at least 1 */
    double distinct(RelNode rel, int column) {
        double rows = rel instanceof TableScan ? rel.getTable().getRowCount() : rows(rel);
        if (rel instanceof Aggregate aggregate && aggregate.getGroupCount() == 1 && column == 0) {
            return Math.max(1, rows);
        }
        CalciteCatalog.FederatedTable table = table(rel, column);
        double distinct = table == null
                ? rows / 10
                : table.distinct(metadata.getColumnOrigin(rel, column).getOriginColumnOrdinal());
        return Math.max(1, Math.min(rows, distinct));
    }

    /** @return distinct values that a column would have without any filter, at least 1 */
    double domain(RelNode rel, int column) {
        CalciteCatalog.FederatedTable table = table(rel, column);
        return table == null
                ? distinct(rel, column)
                : Math.max(
                        1, table.distinct(metadata.getColumnOrigin(rel, column).getOriginColumnOrdinal()));
    }

    /** @return rows of the table of which a column is the key, very many if it is none */
    double keys(RelNode rel, int column) {
        CalciteCatalog.FederatedTable table = table(rel, column);
        return table != null
                        && table.isKey(metadata.getColumnOrigin(rel, column).getOriginColumnOrdinal())
                ? table.rows()
                : Double.MAX_VALUE;
    }

    /** The table of which a column is, {@code null} if it is none of a table. */
    private CalciteCatalog.FederatedTable table(RelNode rel, int column) {
        RelColumnOrigin origin = metadata.getColumnOrigin(rel, column);
        return origin == null || origin.isDerived()
                ? null
                : origin.getOriginTable().unwrap(CalciteCatalog.FederatedTable.class);
    }
}
