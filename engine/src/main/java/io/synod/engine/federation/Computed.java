package io.synod.engine.federation;

import java.util.ArrayList;
import java.util.List;
import org.apache.calcite.plan.RelOptUtil;
import org.apache.calcite.rel.RelNode;
import org.apache.calcite.rel.core.Aggregate;
import org.apache.calcite.rel.core.Filter;
import org.apache.calcite.rel.core.Join;
import org.apache.calcite.rel.core.JoinRelType;
import org.apache.calcite.rel.core.Project;
import org.apache.calcite.rel.core.SetOp;
import org.apache.calcite.rel.core.Sort;
import org.apache.calcite.rel.core.TableScan;
import org.apache.calcite.rex.RexCall;
import org.apache.calcite.rex.RexInputRef;
import org.apache.calcite.rex.RexNode;
import org.apache.calcite.sql.SqlKind;
import org.apache.calcite.sql.type.SqlTypeName;

/**
 * Relations whose rows are made, as those of an aggregate. H2 has nested loops only: joined with something, such a one is
 * computed again for each row of it, unless an index finds what it is computed of.
 */
final class Computed {
    private Computed() {}

    /** Columns of a join's sides that must be equal; not those that may both be null. */
    record Equality(int left, int right, boolean exact) {}

    static List<Equality> equalities(Join join) {
        int left = join.getLeft().getRowType().getFieldCount();
        List<Equality> equalities = new ArrayList<>();
        for (RexNode condition : RelOptUtil.conjunctions(join.getCondition())) {
            if (condition.isA(SqlKind.EQUALS)
                    && ((RexCall) condition).getOperands().get(0) instanceof RexInputRef a
                    && ((RexCall) condition).getOperands().get(1) instanceof RexInputRef b
                    && a.getIndex() < left != b.getIndex() < left) {
                equalities.add(new Equality(
                        Math.min(a.getIndex(), b.getIndex()),
                        Math.max(a.getIndex(), b.getIndex()) - left,
                        isExact(a) && isExact(b)
                                || a.getType().getSqlTypeName() == SqlTypeName.DATE
                                        && b.getType().getSqlTypeName() == SqlTypeName.DATE));
            }
        }
        return equalities;
    }

    /** What equals the same is equal: not so with texts and numbers, nor with what is equal in upper and lower case. */
    private static boolean isExact(RexNode value) {
        return SqlTypeName.EXACT_TYPES.contains(value.getType().getSqlTypeName());
    }

    static boolean is(RelNode rel) {
        return rel instanceof Aggregate
                || rel instanceof Sort
                || rel instanceof SetOp
                || rel instanceof Project project && (project.containsOver() || is(project.getInput()))
                || rel instanceof Filter filter && is(filter.getInput());
    }

    /** Whether something in it is joined that H2 would compute for each row. */
    static boolean perRow(RelNode rel) {
        return rel instanceof Join join && joinsPerRow(join)
                || rel.getInputs().stream().anyMatch(Computed::perRow);
    }

    private static boolean joinsPerRow(Join join) {
        RelNode left = join.getLeft();
        RelNode right = join.getRight();
        List<Equality> equalities = equalities(join);
        // By the order of a size or the like nothing could be left out before it is shipped.
        if (equalities.isEmpty()) {
            return false;
        }
        boolean mayBeginLeft = join.getJoinType() != JoinRelType.RIGHT;
        boolean mayBeginRight = join.getJoinType() == JoinRelType.INNER || join.getJoinType() == JoinRelType.RIGHT;
        boolean computed = mayBeginLeft && is(right) || mayBeginRight && is(left);
        return computed
                && equalities.stream()
                        .noneMatch(equal -> mayBeginLeft && isFound(right, equal.right())
                                || mayBeginRight && isFound(left, equal.left()));
    }

    /** Whether H2 finds rows with a column's value by an index. */
    static boolean isFound(RelNode rel, int column) {
        if (rel instanceof TableScan) {
            return Homes.table(rel).isIndexed(column);
        }
        if (rel instanceof Project project) {
            return !project.containsOver()
                    && project.getProjects().get(column) instanceof RexInputRef ref
                    && isFound(project.getInput(), ref.getIndex());
        }
        if (rel instanceof Filter filter) {
            return isFound(filter.getInput(), column);
        }
        if (rel instanceof Sort sort) {
            return sort.fetch == null && sort.offset == null && isFound(sort.getInput(), column);
        }
        if (rel instanceof Aggregate aggregate) {
            return column < aggregate.getGroupCount()
                    && isFound(aggregate.getInput(), aggregate.getGroupSet().nth(column));
        }
        if (rel instanceof SetOp set) {
            return set.getInputs().stream().allMatch(input -> isFound(input, column));
        }
        if (rel instanceof Join join) {
            int left = join.getLeft().getRowType().getFieldCount();
            // H2 reads what is optional after the other side, also where a condition leaves no row that lacks it.
            return column < left
                    ? !join.getJoinType().generatesNullsOnLeft() && isFound(join.getLeft(), column)
                    : !join.getJoinType().generatesNullsOnRight() && isFound(join.getRight(), column - left);
        }
        return false;
    }
}
