package io.synod.engine.session;

import java.nio.charset.StandardCharsets;
import org.h2.command.CommandInterface;
import org.h2.result.ResultInterface;
import org.h2.util.HasSQL;
import org.h2.value.Value;
import org.h2.value.ValueLob;

/** The rows of a query as the text of a VALUES clause, when they are few enough for a part of an entry of the log. */
final class FewRows {
    private static final int MAX_ROWS = 1_000;
    private static final int MAX_BYTES = 32_768;

    private FewRows() {}

    /**
     * @return empty for no rows; {@code null} when they are too many, or have values that are stored apart, or when the query
     *     does more than to read
     */
    static String of(RoutedSession session, String query) {
        CommandInterface command = session.prepareCommand(query);
        try {
            if (!(command instanceof RoutedCommand routed) || !routed.isPlainRead()) {
                return null;
            }
            try (ResultInterface rows = command.executeQuery(MAX_ROWS + 1, Integer.MAX_VALUE, false)) {
                return text(rows);
            }
        } finally {
            command.close();
        }
    }

    private static String text(ResultInterface rows) {
        StringBuilder text = new StringBuilder();
        int columns = rows.getVisibleColumnCount();
        for (int count = 0; rows.next(); count++) {
            if (count == MAX_ROWS || text.length() > MAX_BYTES) {
                return null;
            }
            text.append(count == 0 ? "(" : "), (");
            for (int i = 0; i < columns; i++) {
                Value value = rows.currentRow()[i];
                if (value instanceof ValueLob) {
                    return null;
                }
                value.getSQL(i == 0 ? text : text.append(", "), HasSQL.DEFAULT_SQL_FLAGS);
            }
        }
        if (!text.isEmpty()) {
            text.append(')');
        }
        return text.toString().getBytes(StandardCharsets.UTF_8).length > MAX_BYTES ? null : text.toString();
    }
}
