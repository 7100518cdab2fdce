package io.synod.engine.federation;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.apache.calcite.rel.RelHomogeneousShuttle;
import org.apache.calcite.rel.RelNode;
import org.apache.calcite.rex.RexCall;
import org.apache.calcite.rex.RexNode;
import org.apache.calcite.rex.RexShuttle;
import org.apache.calcite.sql.SqlAggFunction;
import org.apache.calcite.sql.SqlCall;
import org.apache.calcite.sql.SqlDataTypeSpec;
import org.apache.calcite.sql.SqlFunction;
import org.apache.calcite.sql.SqlFunctionCategory;
import org.apache.calcite.sql.SqlIntervalQualifier;
import org.apache.calcite.sql.SqlKind;
import org.apache.calcite.sql.SqlNode;
import org.apache.calcite.sql.SqlOperator;
import org.apache.calcite.sql.SqlSpecialOperator;
import org.apache.calcite.sql.SqlWriter;
import org.apache.calcite.sql.parser.SqlParserPos;
import org.apache.calcite.sql.type.InferTypes;
import org.apache.calcite.sql.type.OperandTypes;
import org.apache.calcite.sql.type.ReturnTypes;
import org.apache.calcite.sql2rel.SqlRexContext;
import org.apache.calcite.sql2rel.SqlRexConvertlet;
import org.apache.calcite.sql2rel.SqlRexConvertletTable;
import org.apache.calcite.sql2rel.StandardConvertletTable;

/** Keeps functions as the user wrote them: H2 executes them, and Calcite's own idea of them may be another one. */
final class Convertlets implements SqlRexConvertletTable {
    static final Convertlets INSTANCE = new Convertlets();

    /** Functions that are syntax rather than functions. */
    private static final Set<SqlKind> KEPT = Set.of(
            SqlKind.CASE,
            SqlKind.COALESCE,
            SqlKind.NULLIF,
            SqlKind.EXTRACT,
            SqlKind.TRIM,
            SqlKind.FLOOR,
            SqlKind.CEIL,
            SqlKind.DEFAULT,
            SqlKind.GROUPING);

    /** Above that of any operator: operands get their parentheses. */
    private static final int PRECEDENCE = 100;

    private Convertlets() {}

    /** A cast that Calcite adds for itself: H2 does without, as it does in the user's text, and has its own rules of types. */
    private static final SqlOperator NO_CAST = new SqlSpecialOperator("NO_CAST", SqlKind.OTHER_FUNCTION, PRECEDENCE) {
        @Override
        public void unparse(SqlWriter writer, SqlCall call, int leftPrec, int rightPrec) {
            call.operand(0).unparse(writer, PRECEDENCE, PRECEDENCE);
        }
    };

    /** A relation without casts but those that the user wrote. */
    static RelNode withoutCasts(RelNode root) {
        RexShuttle casts = new RexShuttle() {
            @Override
            public RexNode visitCall(RexCall call) {
                RexNode visited = super.visitCall(call);
                return visited.isA(SqlKind.CAST)
                        ? root.getCluster()
                                .getRexBuilder()
                                .makeCall(
                                        visited.getType(),
                                        NO_CAST,
                                        List.of(((RexCall) visited)
                                                .getOperands()
                                                .get(0)))
                        : visited;
            }
        };
        return root.accept(new RelHomogeneousShuttle() {
            @Override
            public RelNode visit(RelNode other) {
                return super.visit(other).accept(casts);
            }
        });
    }

    @Override
    public SqlRexConvertlet get(SqlCall call) {
        if ((call.getKind() == SqlKind.CAST || call.getOperator().getName().equals("::"))
                && call.operand(1) instanceof SqlDataTypeSpec type
                && !type.getParserPosition().equals(SqlParserPos.ZERO)) {
            // A type without a place in the text is of a cast that Calcite's validator put there.
            SqlOperator cast = new UserCast(type.toSqlString(H2Dialect.INSTANCE).getSql());
            return (context, c) -> plain(context, c, cast, List.of(c.operand(0)));
        }
        if (call.getKind() == SqlKind.CAST) {
            return StandardConvertletTable.INSTANCE.get(call);
        }
        if (!(call.getOperator() instanceof SqlFunction function)
                || KEPT.contains(function.getKind())
                || function.getName().startsWith("JSON_")) {
            return StandardConvertletTable.INSTANCE.get(call);
        }
        if (function instanceof SqlAggFunction) {
            return (context, c) -> plain(context, c, function, c.isCountStar() ? List.of() : c.getOperandList());
        }
        if (!call.getOperandList().isEmpty() && call.getOperandList().get(0) instanceof SqlIntervalQualifier unit) {
            SqlFunction written =
                    new UnitFunction(function.getName(), unit.getUnit().name());
            return (context, c) -> plain(
                    context,
                    c,
                    written,
                    c.getOperandList().subList(1, c.getOperandList().size()));
        }
        if (call.getOperandList().stream().anyMatch(o -> o instanceof SqlIntervalQualifier || o == null)) {
            return StandardConvertletTable.INSTANCE.get(call);
        }
        return (context, c) -> plain(context, c, function, c.getOperandList());
    }

    private static RexNode plain(SqlRexContext context, SqlCall call, SqlOperator function, List<SqlNode> operands) {
        List<RexNode> converted = new ArrayList<>();
        for (SqlNode operand : operands) {
            converted.add(context.convertExpression(operand));
        }
        return context.getRexBuilder().makeCall(context.getValidator().getValidatedNodeType(call), function, converted);
    }

    /** A cast of the user's, which Calcite does not look into: it would leave out what it thinks changes nothing. */
    private static final class UserCast extends SqlSpecialOperator {
        private final String type;

        UserCast(String type) {
            super("CAST AS " + type, SqlKind.OTHER_FUNCTION, PRECEDENCE);
            this.type = type;
        }

        @Override
        public void unparse(SqlWriter writer, SqlCall call, int leftPrec, int rightPrec) {
            writer.print("CAST(");
            call.operand(0).unparse(writer, 0, 0);
            writer.print(" AS " + type + ")");
            writer.setNeedWhitespace(true);
        }
    }

    /** DATEADD(DAY, …) and its like: the unit is no value, so it is part of the name. */
    private static final class UnitFunction extends SqlFunction {
        private final String function;
        private final String unit;

        UnitFunction(String function, String unit) {
            super(
                    function + " " + unit,
                    SqlKind.OTHER_FUNCTION,
                    ReturnTypes.ARG0,
                    InferTypes.FIRST_KNOWN,
                    OperandTypes.VARIADIC,
                    SqlFunctionCategory.TIMEDATE);
            this.function = function;
            this.unit = unit;
        }

        @Override
        public void unparse(SqlWriter writer, SqlCall call, int leftPrec, int rightPrec) {
            writer.print(function + "(" + unit);
            for (SqlNode operand : call.getOperandList()) {
                writer.print(", ");
                operand.unparse(writer, 0, 0);
            }
            writer.print(")");
            writer.setNeedWhitespace(true);
        }
    }
}
