package io.synod.engine.federation;

import io.synod.engine.federation.FederatedPlan.Edge;
import io.synod.engine.federation.FederatedPlan.Fragment;
import io.synod.engine.federation.FederatedPlan.Step;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.calcite.linq4j.tree.Expression;
import org.apache.calcite.linq4j.tree.Expressions;
import org.apache.calcite.plan.RelOptUtil;
import org.apache.calcite.prepare.RelOptTableImpl;
import org.apache.calcite.rel.RelNode;
import org.apache.calcite.rel.RelShuttleImpl;
import org.apache.calcite.rel.core.Aggregate;
import org.apache.calcite.rel.core.Filter;
import org.apache.calcite.rel.core.Join;
import org.apache.calcite.rel.core.JoinInfo;
import org.apache.calcite.rel.core.JoinRelType;
import org.apache.calcite.rel.core.Project;
import org.apache.calcite.rel.core.Sort;
import org.apache.calcite.rel.core.TableScan;
import org.apache.calcite.rel.logical.LogicalFilter;
import org.apache.calcite.rel.logical.LogicalTableScan;
import org.apache.calcite.rex.RexBuilder;
import org.apache.calcite.rex.RexCall;
import org.apache.calcite.rex.RexInputRef;
import org.apache.calcite.rex.RexNode;
import org.apache.calcite.rex.RexUtil;
import org.apache.calcite.sql.type.SqlTypeName;

/**
 * Cuts a plan into one fragment per database's part, steps and the rest, and finds what joins them. A step is what is joined
 * though no index finds its rows, as an aggregate: H2, which has nested loops only, would execute it for each row of the
 * other side, and as often as it is used. For the same reason what is joined so in one database becomes two fragments
 * ({@link Computed}).
 */
final class Cut {
    /** Calcite executes nothing, so it needs no code that finds the table. */
    private static final Expression NOWHERE = Expressions.constant(null);

    private final Homes homes = new Homes();
    private final List<RelNode> fragments = new ArrayList<>();
    private final List<RelNode> steps = new ArrayList<>();
    private final List<String> digests = new ArrayList<>();
    private final List<String> databases = new ArrayList<>();
    private final List<Edge> edges = new ArrayList<>();
    private final List<Integer> uses = new ArrayList<>();
    private final Map<List<Integer>, Set<RelNode>> joined = new LinkedHashMap<>();
    private final List<Set<List<Integer>>> indexes = new ArrayList<>();
    private final List<List<RexNode>> keyFilters = new ArrayList<>();
    private final Estimate estimate;
    private final RexBuilder rex;

    private Cut(RelNode root) {
        this.estimate = new Estimate(root);
        this.rex = root.getCluster().getRexBuilder();
    }

    static FederatedPlan of(RelNode root, int[] columns) {
        Homes.check(root);
        return new Cut(root).plan(root, columns);
    }

    private FederatedPlan plan(RelNode root, int[] columns) {
        String home = homes.of(root);
        if (!home.equals(Homes.SCRATCH) && !home.equals(Homes.ANY)) {
            Fragment all = new Fragment(home, SqlPieces.of(local(root)), estimate.rows(root), false, List.of());
            return new FederatedPlan(List.of(all), List.of(), List.of(), null, columns);
        }
        RelNode rest = cut(root);
        joins(rest);
        filters();
        rest = stepped(rest);
        indexes(rest);
        steps.forEach(this::indexes);
        List<Fragment> texts = new ArrayList<>();
        for (int i = 0; i < fragments.size(); i++) {
            RelNode rel = fragments.get(i);
            double rows = estimate.rows(rel);
            boolean guessed = isFiltered(rel);
            for (RexNode filter : keyFilters.get(i)) {
                rel = filtered(rel, filter);
            }
            texts.add(new Fragment(
                    databases.get(i), SqlPieces.of(local(rel)), rows, guessed, List.copyOf(indexes.get(i))));
        }
        List<Step> before = new ArrayList<>();
        for (int i = 0; i < steps.size(); i++) {
            before.add(new Step(SqlPieces.of(steps.get(i)), List.copyOf(indexes.get(fragments.size() + i))));
        }
        return new FederatedPlan(
                List.copyOf(texts), List.copyOf(edges), List.copyOf(before), SqlPieces.of(rest), columns);
    }

    private static boolean isFiltered(RelNode rel) {
        return rel instanceof Filter || rel.getInputs().stream().anyMatch(Cut::isFiltered);
    }

    private RelNode cut(RelNode rel) {
        String home = homes.of(rel);
        if (home.equals(Homes.ANY)) {
            return rel;
        }
        if (!home.equals(Homes.SCRATCH) && !Computed.perRow(rel)) {
            return shipped(rel, home);
        }
        List<RelNode> inputs = new ArrayList<>();
        for (RelNode input : rel.getInputs()) {
            inputs.add(cut(input));
        }
        return rel.copy(rel.getTraitSet(), inputs);
    }

    private RelNode shipped(RelNode rel, String home) {
        String digest = home + "\n" + RelOptUtil.toString(rel);
        int number = digests.indexOf(digest);
        if (number < 0) {
            number = fragments.size();
            fragments.add(rel);
            digests.add(digest);
            databases.add(home);
            indexes.add(new LinkedHashSet<>());
            keyFilters.add(new ArrayList<>());
            uses.add(0);
        }
        uses.set(number, uses.get(number) + 1);
        return scan(rel, number);
    }

    /** The table of the scratch database that has the relation's rows. */
    private static RelNode scan(RelNode rel, int number) {
        var row = rel.getCluster().getTypeFactory().builder();
        rel.getRowType().getFieldList().forEach(f -> row.add(FederatedPlan.column(f.getIndex()), f.getType()));
        return LogicalTableScan.create(
                rel.getCluster(),
                RelOptTableImpl.create(null, row.build(), List.of(FederatedPlan.table(number)), NOWHERE),
                List.of());
    }

    private RelNode stepped(RelNode rel) {
        List<RelNode> inputs = new ArrayList<>();
        for (RelNode input : rel.getInputs()) {
            RelNode stepped = stepped(input);
            inputs.add(rel instanceof Join && Computed.is(stepped) ? step(stepped) : stepped);
        }
        return inputs.equals(rel.getInputs()) ? rel : rel.copy(rel.getTraitSet(), inputs);
    }

    private RelNode step(RelNode rel) {
        String digest = Homes.SCRATCH + "\n" + RelOptUtil.toString(rel);
        int number = digests.indexOf(digest);
        if (number < 0) {
            number = digests.size();
            steps.add(rel);
            digests.add(digest);
            indexes.add(new LinkedHashSet<>());
        }
        return scan(rel, number);
    }

    /** The same for the database itself, whose name is not part of its tables' names there. */
    private static RelNode local(RelNode rel) {
        return rel.accept(new RelShuttleImpl() {
            @Override
            public RelNode visit(TableScan scan) {
                var named = Homes.table(scan).named();
                return LogicalTableScan.create(
                        scan.getCluster(),
                        RelOptTableImpl.create(null, scan.getRowType(), List.of(named.schema(), named.name()), NOWHERE),
                        List.of());
            }
        });
    }

    /**
     * A fragment's column.
     *
     * @param direct whether it is the column that was asked for, rather than one that equals it
     */
    private record Place(RelNode scan, int fragment, int column, boolean direct) {}

    private void joins(RelNode rel) {
        rel.getInputs().forEach(this::joins);
        if (!(rel instanceof Join join)) {
            return;
        }
        boolean inner = join.getJoinType() == JoinRelType.INNER;
        for (Computed.Equality equal : Computed.equalities(join)) {
            if (inner || join.getJoinType() == JoinRelType.LEFT) {
                edges(join.getLeft(), equal.left(), join.getRight(), equal.right(), equal.exact());
            }
            if (inner || join.getJoinType() == JoinRelType.RIGHT) {
                edges(join.getRight(), equal.right(), join.getLeft(), equal.left(), equal.exact());
            }
        }
    }

    private void indexes(RelNode rel) {
        rel.getInputs().forEach(this::indexes);
        if (rel instanceof Join join) {
            JoinInfo keys = join.analyzeCondition();
            index(join.getLeft(), keys.leftKeys);
            index(join.getRight(), keys.rightKeys);
        }
    }

    /** An index on those columns of one table by which a join compares: the scratch database has nested loops only. */
    private void index(RelNode side, List<Integer> keys) {
        Place first = null;
        List<Integer> columns = new ArrayList<>();
        for (int key : keys) {
            Place place = origin(side, key);
            if (place != null && (first == null || first.fragment() == place.fragment())) {
                first = place;
                if (!columns.contains(place.column())) {
                    columns.add(place.column());
                }
            }
        }
        if (first != null) {
            indexes.get(first.fragment()).add(List.copyOf(columns));
        }
    }

    private void edges(RelNode source, int sourceKey, RelNode target, int targetKey, boolean exact) {
        for (Place from : places(source, sourceKey, false)) {
            for (Place to : places(target, targetKey, true)) {
                if (from.fragment() != to.fragment() && (exact || from.direct() && to.direct())) {
                    joined.computeIfAbsent(
                                    List.of(from.fragment(), from.column(), to.fragment(), to.column()),
                                    e -> Collections.newSetFromMap(new IdentityHashMap<>()))
                            .add(to.scan());
                }
            }
        }
    }

    /** Joins become filters where each use of the target's rows has the same one: else another use needs other rows. */
    private void filters() {
        joined.forEach((join, scans) -> {
            int target = join.get(2);
            if (scans.size() < uses.get(target)) {
                return;
            }
            RelNode rel = fragments.get(target);
            keyFilters
                    .get(target)
                    .add(rex.makeCall(
                            rex.getTypeFactory().createSqlType(SqlTypeName.BOOLEAN),
                            SqlPieces.keyFilter(edges.size()),
                            List.of(rex.makeInputRef(rel, join.get(3)))));
            edges.add(new Edge(
                    join.get(0),
                    join.get(1),
                    target,
                    join.get(3),
                    estimate.keys(fragments.get(join.get(0)), join.get(1)),
                    estimate.rows(rel) / estimate.domain(rel, join.get(3))));
        });
    }

    /** The fragment's column that a column of the rest is, {@code null} if it is none. */
    private static Place origin(RelNode rel, int column) {
        return places(rel, column, false).stream()
                .filter(Place::direct)
                .findFirst()
                .orElse(null);
    }

    /**
     * Fragments' columns that have all values of a column of the rest.
     *
     * @param droppable rather those whose rows can be left out where their value is none that is wanted of the column, without
     *     anything else changing in the rest
     */
    private static List<Place> places(RelNode rel, int column, boolean droppable) {
        List<Place> places = new ArrayList<>();
        places(rel, column, droppable, true, places);
        return places;
    }

    private static void places(RelNode rel, int column, boolean droppable, boolean direct, List<Place> places) {
        if (rel instanceof TableScan) {
            String name = rel.getTable().getQualifiedName().get(0);
            places.add(new Place(rel, Integer.parseInt(name.substring(1)), column, direct));
        } else if (rel instanceof Project project) {
            if (project.getProjects().get(column) instanceof RexInputRef ref
                    && !(droppable && project.containsOver())) {
                places(project.getInput(), ref.getIndex(), droppable, direct, places);
            }
        } else if (rel instanceof Filter filter) {
            places(filter.getInput(), column, droppable, direct, places);
        } else if (rel instanceof Sort sort) {
            if (!droppable || sort.fetch == null && sort.offset == null) {
                places(sort.getInput(), column, droppable, direct, places);
            }
        } else if (rel instanceof Aggregate aggregate) {
            if (column < aggregate.getGroupCount()) {
                places(aggregate.getInput(), aggregate.getGroupSet().nth(column), droppable, direct, places);
            }
        } else if (rel instanceof Join join) {
            ofJoin(join, column, droppable, direct, places);
        }
    }

    private static void ofJoin(Join join, int column, boolean droppable, boolean direct, List<Place> places) {
        int left = join.getLeft().getRowType().getFieldCount();
        boolean ofLeft = column < left;
        int own = ofLeft ? column : column - left;
        boolean inner = join.getJoinType() == JoinRelType.INNER;
        boolean kept = inner || join.getJoinType() == (ofLeft ? JoinRelType.LEFT : JoinRelType.RIGHT);
        if (droppable && !kept) {
            return;
        }
        places(ofLeft ? join.getLeft() : join.getRight(), own, droppable, direct, places);
        if (!inner && !droppable) {
            return;
        }
        // Of an outer join, too: rows that lose their partner are such as are not wanted.
        for (Computed.Equality equal : Computed.equalities(join)) {
            if (equal.exact() && own == (ofLeft ? equal.left() : equal.right())) {
                places(
                        ofLeft ? join.getRight() : join.getLeft(),
                        ofLeft ? equal.right() : equal.left(),
                        droppable,
                        false,
                        places);
            }
        }
    }

    /** The relation with a filter as near to its tables as it may go: below a GROUP BY, it lets H2 use an index. */
    private RelNode filtered(RelNode rel, RexNode filter) {
        int column = RelOptUtil.InputFinder.bits(filter).nth(0);
        if (rel instanceof Project project
                && !project.containsOver()
                && project.getProjects().get(column) instanceof RexInputRef ref) {
            return project.copy(
                    project.getTraitSet(),
                    List.of(filtered(project.getInput(), moved(filter, project.getInput(), ref.getIndex()))));
        }
        if (rel instanceof Aggregate aggregate && column < aggregate.getGroupCount()) {
            RelNode input = aggregate.getInput();
            return aggregate.copy(
                    aggregate.getTraitSet(),
                    List.of(filtered(
                            input, moved(filter, input, aggregate.getGroupSet().nth(column)))));
        }
        if (rel instanceof Sort sort && sort.fetch == null && sort.offset == null) {
            return sort.copy(sort.getTraitSet(), List.of(filtered(sort.getInput(), filter)));
        }
        if (rel instanceof Filter inner) {
            return LogicalFilter.create(
                    inner.getInput(), RexUtil.composeConjunction(rex, List.of(inner.getCondition(), filter)));
        }
        return LogicalFilter.create(rel, filter);
    }

    private RexNode moved(RexNode filter, RelNode input, int column) {
        return rex.makeCall(
                filter.getType(), ((RexCall) filter).getOperator(), List.of(rex.makeInputRef(input, column)));
    }
}
