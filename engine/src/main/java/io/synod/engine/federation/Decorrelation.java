package io.synod.engine.federation;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.apache.calcite.plan.RelOptUtil;
import org.apache.calcite.plan.hep.HepPlanner;
import org.apache.calcite.rel.RelHomogeneousShuttle;
import org.apache.calcite.rel.RelNode;
import org.apache.calcite.rel.core.CorrelationId;
import org.apache.calcite.rel.logical.LogicalJoin;
import org.apache.calcite.rel.logical.LogicalTableScan;
import org.apache.calcite.rel.rules.CoreRules;
import org.apache.calcite.rex.RexCall;
import org.apache.calcite.rex.RexCorrelVariable;
import org.apache.calcite.rex.RexNode;
import org.apache.calcite.rex.RexShuttle;
import org.apache.calcite.rex.RexSubQuery;
import org.apache.calcite.sql.SqlKind;
import org.apache.calcite.sql.SqlOperator;
import org.apache.calcite.sql.SqlSpecialOperator;
import org.apache.calcite.sql2rel.RelDecorrelator;
import org.apache.calcite.tools.RelBuilder;

/** Makes joins of sub-queries, also of those that depend on the query around them, by Calcite, past what it would get wrong. */
final class Decorrelation {
    /** Around the condition of an outer join: nothing follows from it for the rows that the join keeps. */
    private static final SqlOperator SEALED = new SqlSpecialOperator("SEALED", SqlKind.OTHER_FUNCTION);

    private Decorrelation() {}

    /** @throws Unplannable where Calcite's plan would have another result */
    static RelNode of(RelNode rel, RelBuilder builder) {
        refuseFarCorrelation(rel, false);
        RelNode correlated = Planner.apply(
                rel,
                CoreRules.FILTER_SUB_QUERY_TO_CORRELATE,
                CoreRules.PROJECT_SUB_QUERY_TO_CORRELATE,
                CoreRules.JOIN_SUB_QUERY_TO_CORRELATE);
        return unsealed(RelDecorrelator.decorrelateQuery(tree(correlated), builder));
    }

    /**
     * Refuses a sub-query in a sub-query that depends on the query around both: decorrelation takes the outer query's values from
     * the rows of the sub-query between them, and loses those for which it has none.
     *
     * @return the rows around that the relation depends on
     */
    private static Set<CorrelationId> refuseFarCorrelation(RelNode rel, boolean inSubQuery) {
        Set<CorrelationId> outer = new HashSet<>();
        rel.accept(new RexShuttle() {
            @Override
            public RexNode visitCorrelVariable(RexCorrelVariable variable) {
                outer.add(variable.id);
                return variable;
            }

            @Override
            public RexNode visitSubQuery(RexSubQuery subQuery) {
                Set<CorrelationId> ofSubQuery = refuseFarCorrelation(subQuery.rel, true);
                // What it is compared with becomes a condition in it.
                RelOptUtil.VariableUsedVisitor compared = new RelOptUtil.VariableUsedVisitor(null);
                subQuery.getOperands().forEach(operand -> operand.accept(compared));
                ofSubQuery.addAll(compared.variables);
                if (inSubQuery && !rel.getVariablesSet().containsAll(ofSubQuery)) {
                    throw new Unplannable("a sub-query that depends on a query other than the next one around it");
                }
                outer.addAll(ofSubQuery);
                return subQuery;
            }
        });
        rel.getInputs().forEach(input -> outer.addAll(refuseFarCorrelation(input, inSubQuery)));
        outer.removeAll(rel.getVariablesSet());
        return outer;
    }

    /**
     * The relation without a node that stands in two places, as a {@link HepPlanner} leaves them, and with the conditions of
     * outer joins sealed. Decorrelation gives a node's columns new places, and knows it by its identity: those of one place would
     * be taken for the other's. And it takes a column for never null if the condition of an outer join is not true of a null
     * there, also on the side whose rows stay anyway: a sub-query's result for a null would be lost.
     */
    private static RelNode tree(RelNode rel) {
        if (rel instanceof LogicalTableScan scan) {
            return LogicalTableScan.create(scan.getCluster(), scan.getTable(), scan.getHints());
        }
        List<RelNode> inputs = new ArrayList<>();
        for (RelNode input : rel.getInputs()) {
            inputs.add(tree(input));
        }
        if (rel instanceof LogicalJoin join && join.getJoinType().isOuterJoin()) {
            RexNode condition = join.getCondition();
            RexNode sealed =
                    join.getCluster().getRexBuilder().makeCall(condition.getType(), SEALED, List.of(condition));
            return join.copy(
                    join.getTraitSet(),
                    sealed,
                    inputs.get(0),
                    inputs.get(1),
                    join.getJoinType(),
                    join.isSemiJoinDone());
        }
        return rel.copy(rel.getTraitSet(), inputs);
    }

    private static RelNode unsealed(RelNode root) {
        RexShuttle unseal = new RexShuttle() {
            @Override
            public RexNode visitCall(RexCall call) {
                return call.getOperator() == SEALED ? call.getOperands().get(0).accept(this) : super.visitCall(call);
            }
        };
        return root.accept(new RelHomogeneousShuttle() {
            @Override
            public RelNode visit(RelNode other) {
                return super.visit(other).accept(unseal);
            }
        });
    }
}
