package io.synod.engine.federation;

import io.synod.engine.federation.ChangeText.Piece;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.h2.engine.CastDataProvider;
import org.h2.engine.Constants;
import org.h2.result.ResultInterface;
import org.h2.util.StringUtils;
import org.h2.value.TypeInfo;
import org.h2.value.Value;
import org.h2.value.ValueArray;

/** Rows as parameters of a statement: an array for each column, several where H2's largest is too small. In memory. */
final class RowArrays {
    private final List<String> names = new ArrayList<>();
    private final List<TypeInfo> types = new ArrayList<>();
    /** For each part the arrays of all columns. */
    private final List<Value[]> parts = new ArrayList<>();

    private RowArrays() {}

    /** @param target where they go to, for the message that they are too many */
    static RowArrays of(
            ResultInterface result, Branch target, Meter meter, Running running, CastDataProvider provider) {
        RowArrays arrays = new RowArrays();
        int columns = result.getVisibleColumnCount();
        for (int i = 0; i < columns; i++) {
            arrays.names.add(result.getAlias(i));
            arrays.types.add(FederatedRun.type(result, i));
        }
        List<Value[]> rows = new ArrayList<>();
        while (result.next()) {
            running.check();
            Value[] row = result.currentRow().clone();
            meter.count(target.database(), row, columns);
            rows.add(ForeignLobs.in(target, row));
            if (rows.size() == Constants.MAX_ARRAY_CARDINALITY) {
                arrays.part(rows, provider);
            }
        }
        if (!rows.isEmpty() || arrays.parts.isEmpty()) {
            arrays.part(rows, provider);
        }
        return arrays;
    }

    private void part(List<Value[]> rows, CastDataProvider provider) {
        Value[] part = new Value[types.size()];
        for (int column = 0; column < part.length; column++) {
            Value[] values = new Value[rows.size()];
            for (int i = 0; i < values.length; i++) {
                values[i] = rows.get(i)[column];
            }
            part[column] = ValueArray.get(types.get(column), values, provider);
        }
        parts.add(part);
        rows.clear();
    }

    /** The values of the first column that are not known yet, as arrays; they are known then. */
    List<ValueArray> keys(Set<Value> known, CastDataProvider provider) {
        List<ValueArray> keys = new ArrayList<>();
        for (Value[] part : parts) {
            List<Value> fresh = new ArrayList<>();
            for (Value key : ((ValueArray) part[0]).getList()) {
                if (known.add(key)) {
                    fresh.add(key);
                }
            }
            if (!fresh.isEmpty()) {
                keys.add(ValueArray.get(types.get(0), fresh.toArray(new Value[0]), provider));
            }
        }
        return keys;
    }

    /** Appends a query in parentheses that gives the rows, and its parameters. */
    void append(StringBuilder text, List<Value> values) {
        String separator = "(";
        for (Value[] part : parts) {
            text.append(separator).append("SELECT ");
            for (int i = 0; i < part.length; i++) {
                text.append(i == 0 ? "" : ", ")
                        .append('C')
                        .append(i + 1)
                        .append(" AS ")
                        .append(StringUtils.quoteIdentifier(names.get(i)));
            }
            text.append(" FROM UNNEST");
            String next = "(";
            for (int i = 0; i < part.length; i++) {
                text.append(next).append("CAST(? AS ");
                types.get(i).getSQL(text, 0).append(" ARRAY)");
                values.add(part[i]);
                next = ", ";
            }
            text.append(')');
            separator = " UNION ALL ";
        }
        text.append(')');
    }

    /** A text of pieces, and its parameters: the user's, and the rows of each source. */
    static String assemble(List<Piece> pieces, Map<Integer, RowArrays> rows, Value[] parameters, List<Value> values) {
        StringBuilder text = new StringBuilder();
        for (Piece piece : pieces) {
            if (piece instanceof ChangeText.Sql sql) {
                text.append(sql.text());
            } else if (piece instanceof ChangeText.Parameter parameter) {
                text.append('?');
                values.add(parameters[parameter.number()]);
            } else if (piece instanceof ChangeText.Rows place) {
                rows.get(place.source()).append(text, values);
                if (place.alias() != null) {
                    text.append(' ').append(StringUtils.quoteIdentifier(place.alias()));
                }
            }
        }
        return text.toString();
    }
}
