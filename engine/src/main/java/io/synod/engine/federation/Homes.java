package io.synod.engine.federation;

import org.apache.calcite.rel.RelNode;
import org.apache.calcite.rel.core.Aggregate;
import org.apache.calcite.rel.core.Filter;
import org.apache.calcite.rel.core.Intersect;
import org.apache.calcite.rel.core.Join;
import org.apache.calcite.rel.core.JoinRelType;
import org.apache.calcite.rel.core.Minus;
import org.apache.calcite.rel.core.Project;
import org.apache.calcite.rel.core.SetOp;
import org.apache.calcite.rel.core.Sort;
import org.apache.calcite.rel.core.TableScan;
import org.apache.calcite.rel.core.Union;
import org.apache.calcite.rel.core.Values;
import org.apache.calcite.rel.type.RelDataType;
import org.apache.calcite.rel.type.RelDataTypeField;
import org.apache.calcite.rex.RexNode;
import org.apache.calcite.rex.RexUtil;

/** Where a relation can be computed: in one database if all of it lies there, else in the scratch database. */
final class Homes {
    /** Constants: computed anywhere. */
    static final String ANY = "";

    static final String SCRATCH = "\u0000scratch";

    /** Bytes that a column of unknown length counts at most. */
    private static final int LONG_COLUMN = 64;

    private static final int ROW_OVERHEAD = 24;

    String of(RelNode rel) {
        if (rel instanceof TableScan) {
            return table(rel).named().home();
        }
        String home = ANY;
        for (RelNode input : rel.getInputs()) {
            home = both(home, of(input));
        }
        return home;
    }

    static CalciteCatalog.FederatedTable table(RelNode scan) {
        return scan.getTable().unwrapOrThrow(CalciteCatalog.FederatedTable.class);
    }

    static String both(String a, String b) {
        return a.equals(ANY) ? b : b.equals(ANY) || a.equals(b) ? a : SCRATCH;
    }

    /** @return bytes of a row that is shipped, roughly */
    static double width(RelDataType row) {
        double width = ROW_OVERHEAD;
        for (RelDataTypeField field : row.getFieldList()) {
            int precision = field.getType().getPrecision();
            width += switch (field.getType().getSqlTypeName()) {
                case VARCHAR, CHAR, VARBINARY, BINARY ->
                    precision < 0 ? LONG_COLUMN : Math.min(LONG_COLUMN, 8 + precision / 2.0);
                case BOOLEAN, TINYINT, SMALLINT, INTEGER -> 4;
                case ANY, ARRAY, MAP, MULTISET, ROW -> LONG_COLUMN;
                default -> 8;
            };
        }
        return width;
    }

    /**
     * Checks that H2 has SQL for everything in it.
     *
     * @throws Unplannable if not; it says what has none
     */
    static void check(RelNode rel) {
        if (rel instanceof Join join) {
            if (join.getJoinType() == JoinRelType.FULL) {
                throw new Unplannable("FULL JOIN");
            }
            condition(join.getCondition());
        } else if (rel instanceof Filter filter) {
            condition(filter.getCondition());
        } else if (rel instanceof Project project) {
            project.getProjects().forEach(Homes::condition);
        } else if (rel instanceof Aggregate aggregate) {
            if (aggregate.getGroupSets().size() != 1) {
                throw new Unplannable("several grouping sets");
            }
        } else if (rel instanceof SetOp set) {
            if (set.all && (rel instanceof Intersect || rel instanceof Minus)) {
                throw new Unplannable("INTERSECT ALL or EXCEPT ALL");
            }
            if (!(rel instanceof Union || rel instanceof Intersect || rel instanceof Minus)) {
                throw new Unplannable("a recursive query");
            }
        } else if (!(rel instanceof TableScan || rel instanceof Values || rel instanceof Sort)) {
            throw new Unplannable(
                    switch (rel.getRelTypeName()) {
                        case "LogicalCorrelate" -> "a sub-query that depends on the rows around it";
                        case "Uncollect", "LogicalTableFunctionScan" -> "a table function";
                        default -> "the operation " + rel.getRelTypeName().replace("Logical", "");
                    });
        }
        rel.getInputs().forEach(Homes::check);
    }

    private static void condition(RexNode expression) {
        if (RexUtil.SubQueryFinder.find(expression) != null || RexUtil.containsCorrelation(expression)) {
            throw new Unplannable("a sub-query that depends on the rows around it");
        }
    }
}
