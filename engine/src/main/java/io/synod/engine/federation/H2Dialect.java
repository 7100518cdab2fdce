package io.synod.engine.federation;

import java.util.Set;
import org.apache.calcite.config.NullCollation;
import org.apache.calcite.sql.SqlBasicCall;
import org.apache.calcite.sql.SqlCall;
import org.apache.calcite.sql.SqlDialect;
import org.apache.calcite.sql.SqlKind;
import org.apache.calcite.sql.SqlLiteral;
import org.apache.calcite.sql.SqlNode;
import org.apache.calcite.sql.SqlNodeList;
import org.apache.calcite.sql.SqlWindow;
import org.apache.calcite.sql.SqlWriter;
import org.apache.calcite.sql.dialect.H2SqlDialect;
import org.apache.calcite.sql.fun.SqlStdOperatorTable;
import org.apache.calcite.sql.parser.SqlParserPos;

/** What H2 2.5 understands, which is more than Calcite's own dialect of it says. */
final class H2Dialect extends SqlDialect {
    static final H2Dialect INSTANCE = new H2Dialect();

    /** Window functions that take no frame; Calcite writes its default one. */
    private static final Set<SqlKind> UNFRAMED =
            Set.of(SqlKind.NTILE, SqlKind.LAG, SqlKind.LEAD, SqlKind.CUME_DIST, SqlKind.PERCENT_RANK);

    private H2Dialect() {
        super(H2SqlDialect.DEFAULT_CONTEXT
                .withIdentifierQuoteString("\"")
                .withNullCollation(NullCollation.LOW)
                .withDataTypeSystem(CalciteTypes.SYSTEM));
    }

    @Override
    public boolean supportsCharSet() {
        return false;
    }

    @Override
    public boolean supportsWindowFunctions() {
        return true;
    }

    @Override
    public boolean supportsAggregateFunctionFilter() {
        return true;
    }

    @Override
    public boolean supportsNestedAggregations() {
        return false;
    }

    @Override
    public void quoteStringLiteral(StringBuilder buffer, String charsetName, String value) {
        buffer.append('\'').append(value.replace("'", "''")).append('\'');
    }

    @Override
    public void unparseCall(SqlWriter writer, SqlCall call, int leftPrec, int rightPrec) {
        SqlKind kind = call.getKind();
        if (kind == SqlKind.SUM0) {
            orZero(
                    writer,
                    new SqlBasicCall(
                            SqlStdOperatorTable.SUM,
                            call.getOperandList(),
                            SqlParserPos.ZERO,
                            call.getFunctionQuantifier()));
        } else if (kind == SqlKind.OVER && call.operand(0).getKind() == SqlKind.SUM0) {
            SqlNode sum =
                    SqlStdOperatorTable.SUM.createCall(SqlParserPos.ZERO, ((SqlCall) call.operand(0)).getOperandList());
            orZero(writer, SqlStdOperatorTable.OVER.createCall(SqlParserPos.ZERO, sum, call.operand(1)));
        } else if (kind == SqlKind.OVER
                && UNFRAMED.contains(call.operand(0).getKind())
                && call.operand(1) instanceof SqlWindow window
                && window.getLowerBound() != null) {
            SqlWindow plain = SqlWindow.create(
                    null,
                    null,
                    window.getPartitionList(),
                    window.getOrderList(),
                    SqlLiteral.createBoolean(false, SqlParserPos.ZERO),
                    null,
                    null,
                    null,
                    SqlParserPos.ZERO);
            super.unparseCall(
                    writer,
                    SqlStdOperatorTable.OVER.createCall(SqlParserPos.ZERO, call.operand(0), plain),
                    leftPrec,
                    rightPrec);
        } else if (kind == SqlKind.SINGLE_VALUE) {
            // More than one row is the error of a scalar sub-query, which only a scalar sub-query gives.
            writer.print("CASE WHEN COUNT(*) <= 1 THEN ANY_VALUE(");
            call.operand(0).unparse(writer, 0, 0);
            writer.print(") ELSE (SELECT NULL FROM SYSTEM_RANGE(1, 2)) END");
            writer.setNeedWhitespace(true);
        } else if (kind == SqlKind.WITHIN_GROUP) {
            SqlCall aggregate = call.operand(0);
            boolean inside = aggregate.getKind() == SqlKind.ARRAY_AGG;
            if (inside) {
                writer.print("ARRAY_AGG(");
                writer.print(aggregate.getFunctionQuantifier() == null ? "" : "DISTINCT ");
                aggregate.operand(0).unparse(writer, 0, 0);
            } else {
                aggregate.unparse(writer, 0, 0);
                writer.print(" WITHIN GROUP (");
            }
            writer.print(" ORDER BY ");
            String separator = "";
            for (SqlNode order : (SqlNodeList) call.operand(1)) {
                writer.print(separator);
                // Calcite has no "as the database has it" here; the planner refuses those that the user wrote.
                boolean nulls = order.getKind() == SqlKind.NULLS_FIRST || order.getKind() == SqlKind.NULLS_LAST;
                (nulls ? ((SqlCall) order).getOperandList().get(0) : order).unparse(writer, 0, 0);
                separator = ", ";
            }
            writer.print(")");
            writer.setNeedWhitespace(true);
        } else {
            super.unparseCall(writer, call, leftPrec, rightPrec);
        }
    }

    private static void orZero(SqlWriter writer, SqlNode sum) {
        writer.print("COALESCE(");
        sum.unparse(writer, 0, 0);
        writer.print(", 0)");
        writer.setNeedWhitespace(true);
    }
}
