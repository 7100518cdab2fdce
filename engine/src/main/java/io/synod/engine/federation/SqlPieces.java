package io.synod.engine.federation;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.calcite.rel.RelNode;
import org.apache.calcite.rel.rel2sql.RelToSqlConverter;
import org.apache.calcite.sql.SqlCall;
import org.apache.calcite.sql.SqlKind;
import org.apache.calcite.sql.SqlNode;
import org.apache.calcite.sql.SqlSpecialOperator;
import org.apache.calcite.sql.SqlWriter;
import org.apache.calcite.sql.SqlWriterConfig;
import org.apache.calcite.sql.pretty.SqlPrettyWriter;
import org.apache.calcite.sql.type.InferTypes;
import org.apache.calcite.sql.type.OperandTypes;
import org.apache.calcite.sql.type.ReturnTypes;
import org.h2.util.HasSQL;
import org.h2.value.Value;

/**
 * An SQL text with its parameters at their places, and with filters by keys that can be left out.
 *
 * @param marked the text; parameters and filters stand between control characters
 */
record SqlPieces(String marked) {
    /** A text for one execution. */
    record Assembled(String sql, List<Integer> parameters) {}

    private static final String PARAMETER = "\u0001P";
    private static final String KEYS = "\u0001K";
    private static final String KEYS_END = "\u0001E";
    /** Of a comparison. */
    private static final int PRECEDENCE = 30;

    /** Fewer keys are rather a parameter, which leaves the text as it is: H2 has compiled it then. */
    private static final int LISTED = 64;

    private static final String STOP = "\u0002";
    private static final Pattern MARK = Pattern.compile("\u0001P(\\d+)\u0002");
    private static final Pattern FILTER = Pattern.compile("\u0001K(\\d+)\u0002([^\u0001]*)\u0001E");

    /** {@code column = ANY(parameter)}, written so that it can be left out. */
    static SqlSpecialOperator keyFilter(int edge) {
        return new SqlSpecialOperator(
                "KEYS" + edge,
                SqlKind.OTHER_FUNCTION,
                PRECEDENCE,
                true,
                ReturnTypes.BOOLEAN_NOT_NULL,
                InferTypes.FIRST_KNOWN,
                OperandTypes.ANY) {
            @Override
            public void unparse(SqlWriter writer, SqlCall call, int leftPrec, int rightPrec) {
                writer.print(KEYS + edge + STOP);
                call.operand(0).unparse(writer, 0, 0);
                writer.print(KEYS_END);
                writer.setNeedWhitespace(true);
            }
        };
    }

    static SqlPieces of(RelNode rel) {
        SqlNode node = new RelToSqlConverter(H2Dialect.INSTANCE).visitRoot(rel).asStatement();
        SqlWriterConfig config = SqlPrettyWriter.config()
                .withDialect(H2Dialect.INSTANCE)
                .withAlwaysUseParentheses(false)
                .withSelectListItemsOnSeparateLines(false)
                .withClauseStartsLine(false)
                .withIndentation(0);
        SqlPrettyWriter writer = new SqlPrettyWriter(config) {
            @Override
            public void dynamicParam(int index) {
                print(PARAMETER + index + STOP);
                setNeedWhitespace(true);
            }
        };
        node.unparse(writer, 0, 0);
        return new SqlPieces(writer.toString());
    }

    /** The text to execute, without filters. */
    Assembled assemble() {
        return assemble(Map.of());
    }

    /**
     * The text to execute.
     *
     * @param filters edges whose keys are known, each with the keys as a list in SQL; or with an empty one, if they come as a
     *     parameter, which is {@link FederatedPlan#KEY_PARAMETER} and the edge's number
     */
    Assembled assemble(Map<Integer, String> filters) {
        String filtered = FILTER.matcher(marked).replaceAll(found -> {
            int edge = Integer.parseInt(found.group(1));
            String keys = filters.get(edge);
            return Matcher.quoteReplacement(
                    keys == null
                            ? "TRUE"
                            : found.group(2)
                                    + (keys.isEmpty()
                                            ? " = ANY(" + PARAMETER + (FederatedPlan.KEY_PARAMETER + edge) + STOP + ")"
                                            : " IN(" + keys + ")"));
        });
        List<Integer> parameters = new ArrayList<>();
        String sql = MARK.matcher(filtered).replaceAll(found -> {
            parameters.add(Integer.parseInt(found.group(1)));
            return "?";
        });
        return new Assembled(sql, parameters);
    }

    /**
     * Keys as a list of literals. H2 compares each row with all elements of an array, one after the other, also those rows that
     * it has found by an index; among constants it searches.
     *
     * @return {@code ""} where an array is as good or must be: for few keys, and the empty text, which is null in some modes
     */
    static String list(Collection<Value> keys) {
        if (keys.size() < LISTED
                || keys.stream().anyMatch(key -> key.getString().isEmpty())) {
            return "";
        }
        StringBuilder list = new StringBuilder();
        for (Value key : keys) {
            list.append(list.isEmpty() ? "" : ", ");
            if (key.getValueType() == Value.NUMERIC) {
                list.append(key.getBigDecimal().toPlainString());
            } else {
                key.getSQL(list, HasSQL.NO_CASTS);
            }
        }
        return list.toString();
    }

    /** The text for {@code EXPLAIN}. */
    String readable() {
        return FILTER.matcher(marked)
                .replaceAll(found -> Matcher.quoteReplacement(found.group(2) + " = ANY(keys)"))
                .replaceAll("\u0001P\\d+\u0002", "?")
                .replaceAll("\\s*\n\\s*", " ");
    }
}
