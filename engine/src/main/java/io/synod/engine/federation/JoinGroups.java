package io.synod.engine.federation;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.calcite.plan.RelOptUtil;
import org.apache.calcite.rel.RelNode;
import org.apache.calcite.rel.core.JoinRelType;
import org.apache.calcite.rel.logical.LogicalFilter;
import org.apache.calcite.rel.logical.LogicalJoin;
import org.apache.calcite.rel.logical.LogicalProject;
import org.apache.calcite.rex.RexBuilder;
import org.apache.calcite.rex.RexCall;
import org.apache.calcite.rex.RexInputRef;
import org.apache.calcite.rex.RexNode;
import org.apache.calcite.rex.RexOver;
import org.apache.calcite.rex.RexShuttle;
import org.apache.calcite.rex.RexUtil;
import org.apache.calcite.sql.SqlKind;
import org.apache.calcite.util.ImmutableBitSet;

/**
 * Puts inner joins into another order, so that tables of one database stand together as far as they are joined with each
 * other and that does not make more of them, and so that each part hands on the columns that are needed and no others.
 * The order within a part is H2's affair.
 */
final class JoinGroups {
    /** Larger expressions are not repeated where they are used. */
    private static final int BLOAT = 200;

    /** A join within a database may bring this much more than its tables have before it is left to the scratch database. */
    private static final double GROWTH = 2;

    private final Homes homes = new Homes();
    private final RexBuilder rex;
    private final Estimate estimate;

    JoinGroups(RelNode root) {
        this.rex = root.getCluster().getRexBuilder();
        this.estimate = new Estimate(root);
    }

    /** Inner joins, filters and projections as one: what is joined, what must hold, and what comes out. */
    private final class Flat {
        final List<RelNode> factors = new ArrayList<>();
        final List<RexNode> conditions = new ArrayList<>();
        int fields;

        /** @return the columns of the relation, over those of all factors one after the other */
        List<RexNode> add(RelNode rel) {
            if (rel instanceof LogicalFilter filter && !RexOver.containsOver(filter.getCondition())) {
                List<RexNode> outputs = add(filter.getInput());
                conditions(substitute(filter.getCondition(), outputs));
                return outputs;
            }
            if (rel instanceof LogicalProject project && mayMove(project)) {
                int factorsBefore = factors.size();
                int conditionsBefore = conditions.size();
                int fieldsBefore = fields;
                List<RexNode> outputs = add(project.getInput());
                List<RexNode> result = new ArrayList<>();
                int size = 0;
                for (RexNode expression : project.getProjects()) {
                    RexNode moved = substitute(expression, outputs);
                    size += moved.nodeCount();
                    result.add(moved);
                }
                if (size <= BLOAT + project.getProjects().size()) {
                    return result;
                }
                factors.subList(factorsBefore, factors.size()).clear();
                conditions.subList(conditionsBefore, conditions.size()).clear();
                fields = fieldsBefore;
            }
            if (rel instanceof LogicalJoin join && join.getJoinType() == JoinRelType.INNER) {
                List<RexNode> outputs = new ArrayList<>(add(join.getLeft()));
                outputs.addAll(add(join.getRight()));
                conditions(substitute(join.getCondition(), outputs));
                return outputs;
            }
            RelNode factor = inputsGrouped(rel);
            List<RexNode> outputs = new ArrayList<>();
            for (int i = 0; i < rel.getRowType().getFieldCount(); i++) {
                outputs.add(
                        rex.makeInputRef(rel.getRowType().getFieldList().get(i).getType(), fields + i));
            }
            factors.add(factor);
            fields += outputs.size();
            return outputs;
        }

        private void conditions(RexNode condition) {
            for (RexNode part : RelOptUtil.conjunctions(RexUtil.pullFactors(rex, condition))) {
                if (!part.isAlwaysTrue() && !conditions.contains(part)) {
                    conditions.add(part);
                }
            }
        }
    }

    private static boolean mayMove(LogicalProject project) {
        return !project.containsOver()
                && project.getProjects().stream().allMatch(RexUtil::isDeterministic)
                && project.getProjects().stream().noneMatch(RexUtil::containsCorrelation);
    }

    private static RexNode substitute(RexNode expression, List<RexNode> columns) {
        return expression.accept(new RexShuttle() {
            @Override
            public RexNode visitInputRef(RexInputRef ref) {
                return columns.get(ref.getIndex());
            }
        });
    }

    RelNode group(RelNode rel) {
        if (!(rel instanceof LogicalFilter || rel instanceof LogicalProject || rel instanceof LogicalJoin)) {
            return inputsGrouped(rel);
        }
        Flat flat = new Flat();
        List<RexNode> outputs = flat.add(rel);
        if (flat.factors.size() == 1
                && flat.conditions.isEmpty()
                && RexUtil.isIdentity(outputs, flat.factors.get(0).getRowType())) {
            return renamed(flat.factors.get(0), rel);
        }
        return build(flat, outputs, rel);
    }

    private RelNode inputsGrouped(RelNode rel) {
        List<RelNode> inputs = new ArrayList<>();
        for (RelNode input : rel.getInputs()) {
            inputs.add(group(input));
        }
        return inputs.equals(rel.getInputs()) ? rel : rel.copy(rel.getTraitSet(), inputs);
    }

    private static RelNode renamed(RelNode rel, RelNode as) {
        return rel.getRowType().getFieldNames().equals(as.getRowType().getFieldNames())
                ? rel
                : LogicalProject.create(
                        rel,
                        List.of(),
                        rel.getCluster().getRexBuilder().identityProjects(rel.getRowType()),
                        as.getRowType().getFieldNames(),
                        Set.of());
    }

    /** Factors that are joined already; {@code columns} has the place of each factor's field in it. */
    private record Part(RelNode rel, ImmutableBitSet factors, Map<Integer, Integer> columns) {}

    private RelNode build(Flat flat, List<RexNode> outputs, RelNode original) {
        int count = flat.factors.size();
        int[] factorOf = new int[flat.fields];
        List<String> home = new ArrayList<>();
        List<ImmutableBitSet> groups = new ArrayList<>();
        int field = 0;
        for (int i = 0; i < count; i++) {
            RelNode factor = flat.factors.get(i);
            for (int f = 0; f < factor.getRowType().getFieldCount(); f++) {
                factorOf[field++] = i;
            }
            home.add(homes.of(factor));
            groups.add(ImmutableBitSet.of(i));
        }
        implied(flat, factorOf, home);
        Map<RexNode, ImmutableBitSet> uses = new HashMap<>();
        for (RexNode condition : flat.conditions) {
            uses.put(condition, factors(condition, factorOf));
        }
        for (RexNode condition : flat.conditions) {
            if (!perRow(flat, condition, factorOf)) {
                merge(flat, uses, condition, groups, home, outputs);
            }
        }
        Set<RexNode> open = new LinkedHashSet<>(flat.conditions);
        List<Part> parts = new ArrayList<>();
        for (ImmutableBitSet group : groups) {
            parts.add(part(flat, uses, group, open, outputs));
        }
        Part all = smallest(parts, null, uses, open);
        parts.remove(all);
        while (!parts.isEmpty()) {
            Part next = smallest(parts, all, uses, open);
            parts.remove(next);
            all = join(all, next, uses, open);
        }
        Part whole = all;
        RelNode rel = filtered(whole, open);
        List<RexNode> mapped = outputs.stream().map(o -> local(o, whole)).toList();
        return LogicalProject.create(
                rel, List.of(), mapped, original.getRowType().getFieldNames(), Set.of());
    }

    /** From an OR over several databases what it says of each alone: {@code n IN (1, 2)} of {@code n = 1 AND m = 2 OR n = 2 AND m = 1}. */
    private void implied(Flat flat, int[] factorOf, List<String> home) {
        for (RexNode condition : List.copyOf(flat.conditions)) {
            if (!condition.isA(SqlKind.OR)) {
                continue;
            }
            ImmutableBitSet used = factors(condition, factorOf);
            if (used.cardinality() < 2) {
                continue;
            }
            for (int factor : used) {
                List<RexNode> alternatives = new ArrayList<>();
                for (RexNode alternative : RelOptUtil.disjunctions(condition)) {
                    List<RexNode> own = RelOptUtil.conjunctions(alternative).stream()
                            .filter(c -> factors(c, factorOf).equals(ImmutableBitSet.of(factor)))
                            .toList();
                    if (own.isEmpty()) {
                        alternatives.clear();
                        break;
                    }
                    alternatives.add(RexUtil.composeConjunction(rex, own));
                }
                if (!alternatives.isEmpty() && home.get(factor) != Homes.ANY) {
                    flat.conditions.add(RexUtil.composeDisjunction(rex, alternatives));
                }
            }
        }
    }

    private static ImmutableBitSet factors(RexNode condition, int[] factorOf) {
        ImmutableBitSet.Builder factors = ImmutableBitSet.builder();
        for (int field : RelOptUtil.InputFinder.bits(condition)) {
            factors.set(factorOf[field]);
        }
        return factors.build();
    }

    /** Whether H2 would compute one side of the condition for each row of the other: then each is a part of its own. */
    private static boolean perRow(Flat flat, RexNode condition, int[] factorOf) {
        ImmutableBitSet used = factors(condition, factorOf);
        if (used.cardinality() != 2 || !condition.isA(SqlKind.EQUALS)) {
            return false;
        }
        boolean computed = false;
        for (int factor : used) {
            computed |= Computed.is(flat.factors.get(factor));
        }
        if (!computed) {
            return false;
        }
        for (RexNode side : ((RexCall) condition).getOperands()) {
            if (side instanceof RexInputRef ref) {
                int factor = factorOf[ref.getIndex()];
                int first = ref.getIndex();
                while (first > 0 && factorOf[first - 1] == factor) {
                    first--;
                }
                if (Computed.isFound(flat.factors.get(factor), ref.getIndex() - first)) {
                    return false;
                }
            }
        }
        return true;
    }

    private void merge(
            Flat flat,
            Map<RexNode, ImmutableBitSet> uses,
            RexNode condition,
            List<ImmutableBitSet> groups,
            List<String> home,
            List<RexNode> outputs) {
        ImmutableBitSet used = uses.get(condition);
        if (!condition.isA(SqlKind.EQUALS) || used.cardinality() != 2) {
            return;
        }
        ImmutableBitSet left = groupOf(groups, used.nth(0));
        ImmutableBitSet right = groupOf(groups, used.nth(1));
        String database = Homes.both(homeOf(left, home), homeOf(right, home));
        if (left == right || database == Homes.SCRATCH) {
            return;
        }
        ImmutableBitSet together = left.union(right);
        Set<RexNode> all = new LinkedHashSet<>(flat.conditions);
        double apart = size(flat, uses, left, outputs) + size(flat, uses, right, outputs);
        double joined = size(flat, uses, together, outputs);
        if (joined <= GROWTH * apart) {
            groups.remove(left);
            groups.remove(right);
            groups.add(together);
        }
    }

    private static ImmutableBitSet groupOf(List<ImmutableBitSet> groups, int factor) {
        return groups.stream().filter(g -> g.get(factor)).findFirst().orElseThrow();
    }

    private static String homeOf(ImmutableBitSet group, List<String> home) {
        String all = Homes.ANY;
        for (int factor : group) {
            all = Homes.both(all, home.get(factor));
        }
        return all;
    }

    private double size(Flat flat, Map<RexNode, ImmutableBitSet> uses, ImmutableBitSet group, List<RexNode> outputs) {
        Set<RexNode> all = new LinkedHashSet<>(flat.conditions);
        Part part = part(flat, uses, group, all, outputs);
        return estimate.rows(part.rel()) * Homes.width(part.rel().getRowType());
    }

    /** One group: flat, with all its conditions in one filter on top, and below a projection on what others need of it. */
    private Part part(
            Flat flat,
            Map<RexNode, ImmutableBitSet> uses,
            ImmutableBitSet group,
            Set<RexNode> open,
            List<RexNode> outputs) {
        List<Part> singles = new ArrayList<>();
        int first = 0;
        for (int i = 0; i < flat.factors.size(); i++) {
            RelNode factor = flat.factors.get(i);
            int fields = factor.getRowType().getFieldCount();
            if (group.get(i)) {
                Map<Integer, Integer> columns = new HashMap<>();
                for (int f = 0; f < fields; f++) {
                    columns.put(first + f, f);
                }
                singles.add(new Part(factor, ImmutableBitSet.of(i), columns));
            }
            first += fields;
        }
        Part all = singles.remove(0);
        while (!singles.isEmpty()) {
            Part next = smallest(singles, all, uses, open);
            singles.remove(next);
            all = join(all, next, uses, open);
        }
        Part joined = all;
        List<RexNode> own =
                open.stream().filter(c -> group.contains(uses.get(c))).toList();
        RelNode rel = filtered(joined, own);
        open.removeAll(own);
        ImmutableBitSet.Builder needed = ImmutableBitSet.builder();
        for (RexNode condition : open) {
            needed.addAll(RelOptUtil.InputFinder.bits(condition));
        }
        for (RexNode output : outputs) {
            needed.addAll(RelOptUtil.InputFinder.bits(output));
        }
        List<RexNode> projects = new ArrayList<>();
        List<String> names = new ArrayList<>();
        Map<Integer, Integer> columns = new HashMap<>();
        for (int field : needed.build()) {
            Integer place = joined.columns().get(field);
            if (place != null) {
                columns.put(field, projects.size());
                names.add("C" + projects.size());
                projects.add(rex.makeInputRef(rel, place));
            }
        }
        if (projects.isEmpty()) {
            // Only how many rows there are matters; no column is not SQL.
            projects.add(rex.makeExactLiteral(java.math.BigDecimal.ONE));
            names.add("C0");
        }
        return new Part(LogicalProject.create(rel, List.of(), projects, names, Set.of()), group, columns);
    }

    private RelNode filtered(Part part, java.util.Collection<RexNode> conditions) {
        if (conditions.isEmpty()) {
            return part.rel();
        }
        return LogicalFilter.create(
                part.rel(),
                RexUtil.composeConjunction(
                        rex, conditions.stream().map(c -> local(c, part)).toList()));
    }

    private Part join(Part left, Part right, Map<RexNode, ImmutableBitSet> uses, Set<RexNode> open) {
        ImmutableBitSet factors = left.factors().union(right.factors());
        Map<Integer, Integer> columns = new HashMap<>(left.columns());
        int shift = left.rel().getRowType().getFieldCount();
        right.columns().forEach((field, place) -> columns.put(field, place + shift));
        List<RexNode> on = open.stream()
                .filter(c -> factors.contains(uses.get(c))
                        && uses.get(c).intersects(left.factors())
                        && uses.get(c).intersects(right.factors()))
                .toList();
        open.removeAll(on);
        Part shape = new Part(null, factors, columns);
        List<RexNode> condition = on.stream().map(c -> local(c, shape)).toList();
        LogicalJoin join = LogicalJoin.create(
                left.rel(),
                right.rel(),
                List.of(),
                RexUtil.composeConjunction(rex, condition),
                Set.of(),
                JoinRelType.INNER);
        return new Part(join, factors, columns);
    }

    /** The part with the fewest rows, of those that are joined with {@code to} by an equality if there are any. */
    private Part smallest(List<Part> parts, Part to, Map<RexNode, ImmutableBitSet> uses, Set<RexNode> open) {
        Part best = null;
        boolean bestJoined = false;
        double bestRows = 0;
        for (Part part : parts) {
            boolean joined = to != null
                    && open.stream()
                            .anyMatch(c -> c.isA(SqlKind.EQUALS)
                                    && uses.get(c).intersects(to.factors())
                                    && uses.get(c).intersects(part.factors())
                                    && to.factors().union(part.factors()).contains(uses.get(c)));
            double rows = estimate.rows(part.rel());
            if (best == null || joined && !bestJoined || joined == bestJoined && rows < bestRows) {
                best = part;
                bestJoined = joined;
                bestRows = rows;
            }
        }
        return best;
    }

    private RexNode local(RexNode expression, Part part) {
        return expression.accept(new RexShuttle() {
            @Override
            public RexNode visitInputRef(RexInputRef ref) {
                return rex.makeInputRef(ref.getType(), part.columns().get(ref.getIndex()));
            }
        });
    }
}
