package io.synod.engine.twin;

import java.sql.Array;
import java.sql.BatchUpdateException;
import java.sql.Blob;
import java.sql.Clob;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.SQLWarning;
import java.sql.SQLXML;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;

/**
 * All that a JDBC program can see of one execution, as text.
 *
 * @param state the SQLState, {@code null} for success
 * @param message the error's, {@code null} for success
 */
record Outcome(List<String> lines, String state, String message) {
    private static final Pattern ERROR = Pattern.compile("(?s)^((error \\S+ \\S+|next \\S+) \\S+) .*");

    /** Collects an outcome. Not thread-safe. */
    static final class Recorder {
        private final Set<Integer> masked;
        private final boolean unordered;
        /** Takes out of texts what names this side only. */
        private final UnaryOperator<String> neutral;

        private final List<String> lines = new ArrayList<>();

        Recorder(Set<Integer> masked, boolean unordered, UnaryOperator<String> neutral) {
            this.masked = masked;
            this.unordered = unordered;
            this.neutral = neutral;
        }

        /** Results of an {@code execute}, each of them. */
        void results(Statement statement, boolean isRows) throws SQLException {
            boolean rows = isRows;
            while (true) {
                if (rows) {
                    try (ResultSet set = statement.getResultSet()) {
                        rows(set);
                    }
                } else {
                    long count = statement.getLargeUpdateCount();
                    if (count == -1) {
                        break;
                    }
                    lines.add("count " + count);
                }
                rows = statement.getMoreResults();
            }
            warnings(statement.getWarnings());
        }

        void keys(Statement statement) throws SQLException {
            lines.add("generated keys");
            try (ResultSet keys = statement.getGeneratedKeys()) {
                rows(keys);
            }
        }

        void counts(int[] counts) {
            lines.add("counts " + Arrays.toString(counts));
        }

        private void warnings(SQLWarning first) {
            for (SQLWarning w = first; w != null; w = w.getNextWarning()) {
                lines.add("warning " + w.getSQLState() + " " + w.getErrorCode() + " " + neutral.apply(w.getMessage()));
            }
        }

        private void rows(ResultSet rows) throws SQLException {
            ResultSetMetaData columns = rows.getMetaData();
            int count = columns.getColumnCount();
            for (int i = 1; i <= count; i++) {
                lines.add("column " + neutral.apply(columns.getColumnLabel(i)) + " = "
                        + neutral.apply(columns.getColumnName(i)) + " of "
                        + columns.getSchemaName(i) + "." + columns.getTableName(i) + " " + columns.getColumnTypeName(i)
                        + " " + columns.getColumnType(i) + "(" + columns.getPrecision(i) + "," + columns.getScale(i)
                        + ")" + " nullable " + columns.isNullable(i) + " auto " + columns.isAutoIncrement(i) + " "
                        + columns.getColumnClassName(i) + " shown in " + columns.getColumnDisplaySize(i) + " signed "
                        + columns.isSigned(i));
            }
            List<String> all = new ArrayList<>();
            while (rows.next()) {
                StringBuilder row = new StringBuilder("row");
                for (int i = 1; i <= count; i++) {
                    Object value = rows.getObject(i);
                    row.append(" | ").append(masked.contains(i) ? kind(value) : text(value));
                }
                all.add(row.toString());
            }
            if (unordered) {
                Collections.sort(all);
            }
            lines.addAll(all);
            lines.add(all.size() + " rows");
        }

        private static String kind(Object value) {
            return value == null ? "null" : "some " + value.getClass().getSimpleName();
        }

        private String text(Object value) throws SQLException {
            if (value == null) {
                return "null";
            }
            String type = value.getClass().getSimpleName();
            if (value instanceof byte[] bytes) {
                return "byte[] " + HexFormat.of().formatHex(bytes);
            } else if (value instanceof Blob blob) {
                return type + " " + HexFormat.of().formatHex(blob.getBytes(1, (int) blob.length()));
            } else if (value instanceof Clob clob) {
                return type + " " + clob.getSubString(1, (int) clob.length());
            } else if (value instanceof SQLXML xml) {
                return type + " " + xml.getString();
            } else if (value instanceof Array array) {
                return type + " " + array.getBaseTypeName() + text(array.getArray());
            } else if (value instanceof Object[] elements) {
                StringBuilder all = new StringBuilder("[");
                for (Object element : elements) {
                    all.append(text(element)).append(", ");
                }
                return all.append(']').toString();
            } else if (value instanceof ResultSet row) {
                StringBuilder all = new StringBuilder("ROW(");
                ResultSetMetaData columns = row.getMetaData();
                while (row.next()) {
                    for (int i = 1; i <= columns.getColumnCount(); i++) {
                        all.append(columns.getColumnLabel(i))
                                .append(' ')
                                .append(columns.getColumnTypeName(i))
                                .append(' ')
                                .append(text(row.getObject(i)))
                                .append(", ");
                    }
                }
                return all.append(')').toString();
            }
            return type + " " + neutral.apply(String.valueOf(value));
        }

        Outcome done() {
            return new Outcome(List.copyOf(lines), null, null);
        }

        Outcome failed(SQLException e) {
            String message = neutral.apply(String.valueOf(e.getMessage()));
            lines.add("error " + e.getSQLState() + " " + e.getErrorCode() + " "
                    + e.getClass().getSimpleName() + " " + message);
            if (e instanceof BatchUpdateException batch) {
                lines.add("counts " + Arrays.toString(batch.getUpdateCounts()));
            }
            for (SQLException next = e.getNextException(); next != null; next = next.getNextException()) {
                lines.add("next " + next.getSQLState() + " " + next.getErrorCode() + " "
                        + neutral.apply(String.valueOf(next.getMessage())));
            }
            return new Outcome(List.copyOf(lines), e.getSQLState(), message);
        }
    }

    /** State, code and class of its errors stay. */
    Outcome withoutMessage() {
        List<String> shorter = lines.stream()
                .map(line -> ERROR.matcher(line).replaceFirst("$1"))
                .toList();
        return new Outcome(shorter, state, message);
    }

    /** The first lines in which the other differs; empty when it does not. */
    List<String> differences(Outcome other) {
        List<String> found = new ArrayList<>();
        int most = Math.max(lines.size(), other.lines.size());
        for (int i = 0; i < most && found.size() < 6; i++) {
            String mine = i < lines.size() ? lines.get(i) : "nothing";
            String its = i < other.lines.size() ? other.lines.get(i) : "nothing";
            if (!mine.equals(its)) {
                found.add("  stock H2: " + mine);
                found.add("  Synod:    " + its);
            }
        }
        return found;
    }
}
