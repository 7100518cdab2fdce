package org.h2.fulltext;

import java.io.IOException;
import java.io.Reader;
import java.io.StreamTokenizer;
import java.sql.Clob;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Types;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.StringTokenizer;
import java.util.TreeSet;
import org.h2.engine.Database;
import org.h2.engine.SessionLocal;
import org.h2.index.Index;
import org.h2.schema.Schema;
import org.h2.schema.TriggerObject;
import org.h2.table.Column;
import org.h2.table.IndexColumn;
import org.h2.table.Table;
import org.h2.tools.SimpleResultSet;
import org.h2.util.HasSQL;
import org.h2.util.StringUtils;
import org.h2.value.DataType;

/**
 * H2's native full-text index, in H2's tables, with nothing remembered between two calls: what a transaction finds, or indexes,
 * is what its snapshot holds. Words are compared in upper case, in no language, on every node alike.
 *
 * <p>Everything here uses the connection's transaction and leaves it open. Thread-safe.
 */
public final class SynodFullTextIndex {
    private static final String DEFAULT_WHITESPACE = " \t\n\r\f+\"*%&/()=?'!,.;:-_#@|^~`{}[]<>\\";

    private static final String SETTINGS =
            "(SELECT LISTAGG(LIST, ',') FROM FT.IGNORELIST), (SELECT `VALUE` FROM FT.SETTINGS WHERE `KEY`='whitespaceChars')";
    private static final String FIND_INDEX =
            "SELECT " + SETTINGS + ", ID, COLUMNS FROM FT.INDEXES WHERE SCHEMA=? AND `TABLE`=?";
    private static final String INSERT_ROW = "INSERT INTO FT.ROWS(HASH, INDEXID, `KEY`) VALUES(?, ?, ?)";
    private static final String FIND_ROW = "SELECT ID FROM FT.ROWS WHERE HASH=? AND INDEXID=? AND `KEY`=?";
    private static final String DELETE_ROW = "DELETE FROM FT.ROWS WHERE HASH=? AND INDEXID=? AND `KEY`=?";
    private static final String INSERT_WORD = "MERGE INTO FT.WORDS(NAME) KEY(NAME) VALUES(?)";
    private static final String FIND_WORDS = "SELECT ID, NAME FROM FT.WORDS WHERE NAME = ANY(?)";
    private static final String MAP_WORD = "INSERT INTO FT.MAP(ROWID, WORDID) VALUES(?, ?)";
    private static final String UNMAP_WORD = "DELETE FROM FT.MAP WHERE ROWID=? AND WORDID=?";
    private static final String FIND_WORD =
            "SELECT ROWID FROM FT.MAP WHERE WORDID=(SELECT ID FROM FT.WORDS WHERE NAME=?)";
    private static final String FIND_HIT =
            "SELECT R.`KEY`, I.SCHEMA, I.`TABLE` FROM FT.ROWS R JOIN FT.INDEXES I ON I.ID=R.INDEXID WHERE R.ID=?";

    private final Connection connection;
    private final IndexInfo info;
    private final int[] types;
    private final Splitter splitter;

    /** How texts are taken apart. */
    private record Splitter(String whitespace, Set<String> ignored) {
        static Splitter of(String ignoreLists, String whitespace) {
            Set<String> ignored = new HashSet<>();
            if (ignoreLists != null) {
                for (String word : StringUtils.arraySplit(ignoreLists, ',', true)) {
                    ignored.add(normal(word));
                }
            }
            return new Splitter(whitespace == null ? DEFAULT_WHITESPACE : whitespace, ignored);
        }

        private static String normal(String word) {
            return word.toUpperCase(Locale.ROOT);
        }

        private void add(Set<String> words, String word) {
            String normal = normal(word);
            if (!ignored.contains(normal)) {
                words.add(normal);
            }
        }

        void split(String text, Set<String> words) {
            StringTokenizer tokens = new StringTokenizer(text, whitespace);
            while (tokens.hasMoreTokens()) {
                add(words, tokens.nextToken());
            }
        }

        /** As H2 does with a CLOB: control characters separate words, too. */
        void split(Reader text, Set<String> words) throws SQLException {
            StreamTokenizer tokens = new StreamTokenizer(text);
            tokens.resetSyntax();
            tokens.wordChars(' ' + 1, 255);
            for (char c : whitespace.toCharArray()) {
                tokens.whitespaceChars(c, c);
            }
            try {
                for (int token; (token = tokens.nextToken()) != StreamTokenizer.TT_EOF; ) {
                    if (token == StreamTokenizer.TT_WORD) {
                        add(words, tokens.sval);
                    }
                }
            } catch (IOException e) {
                throw new SQLException("a CLOB cannot be read: " + e, e);
            }
        }
    }

    private SynodFullTextIndex(Connection connection, Table table, ResultSet found) throws SQLException {
        this.connection = connection;
        splitter = Splitter.of(found.getString(1), found.getString(2));
        info = info(table, found.getString(4));
        info.id = found.getInt(3);
        types = new int[table.getColumns().length];
        for (int i = 0; i < types.length; i++) {
            types[i] = DataType.convertTypeToSQLType(table.getColumn(i).getType());
        }
    }

    private static IndexInfo info(Table table, String columnList) throws SQLException {
        ArrayList<String> columns = new ArrayList<>();
        for (Column column : table.getColumns()) {
            columns.add(column.getName());
        }
        ArrayList<String> indexed = new ArrayList<>();
        if (columnList != null) {
            indexed.addAll(List.of(StringUtils.arraySplit(columnList, ',', true)));
        }
        if (indexed.isEmpty()) {
            indexed.addAll(columns);
        }
        ArrayList<String> keys = keys(table);
        IndexInfo info = new IndexInfo();
        info.schema = table.getSchema().getName();
        info.table = table.getName();
        info.columns = columns.toArray(new String[0]);
        info.keys = new int[keys.size()];
        FullText.setColumns(info.keys, keys, columns);
        info.indexColumns = new int[indexed.size()];
        FullText.setColumns(info.indexColumns, indexed, columns);
        return info;
    }

    /** The columns of the primary key, in the order of JDBC's metadata: the rows' keys are written down in it. */
    static ArrayList<String> keys(Table table) throws SQLException {
        Index primary = table.findPrimaryKey();
        if (primary == null) {
            throw FullText.throwException("No primary key for table " + table.getName());
        }
        Set<String> names = new TreeSet<>();
        for (IndexColumn column : primary.getIndexColumns()) {
            names.add(column.column.getName());
        }
        return new ArrayList<>(names);
    }

    /**
     * Whether an index of these columns can be made.
     *
     * @param columns separated by commas; {@code null} for all
     * @throws SQLException FULLTEXT: there is no primary key, or no such column
     */
    public static void check(Table table, String columns) throws SQLException {
        info(table, columns);
    }

    public static boolean isTrigger(TriggerObject trigger) {
        return FullText.FullTextTrigger.class.getName().equals(trigger.getTriggerClassName());
    }

    // ---- the leader's side ----------------------------------------------------------------------------------------

    private static SynodFullTextIndex find(Connection connection, Table table) throws SQLException {
        try (PreparedStatement query = connection.prepareStatement(FIND_INDEX)) {
            query.setString(1, table.getSchema().getName());
            query.setString(2, table.getName());
            try (ResultSet found = query.executeQuery()) {
                return found.next() ? new SynodFullTextIndex(connection, table, found) : null;
            }
        }
    }

    /** A row of the table has changed; while the table has no index in the transaction's eyes, nothing happens. */
    static void change(Connection connection, Table table, Object[] oldRow, Object[] newRow) throws SQLException {
        SynodFullTextIndex index = find(connection, table);
        if (index == null
                || oldRow != null && newRow != null && !FullText.hasChanged(oldRow, newRow, index.info.indexColumns)) {
            return;
        }
        if (oldRow != null) {
            index.remove(oldRow);
        }
        if (newRow != null) {
            index.add(newRow);
        }
    }

    /** Indexes what is in the table, which nobody else writes meanwhile. */
    public static void fill(Connection connection, Table table) throws SQLException {
        SynodFullTextIndex index = find(connection, table);
        StringBuilder sql = new StringBuilder("SELECT ");
        Column.writeColumns(sql, table.getColumns(), HasSQL.DEFAULT_SQL_FLAGS).append(" FROM ");
        table.getSQL(sql, HasSQL.DEFAULT_SQL_FLAGS);
        int count = table.getColumns().length;
        try (Statement query = connection.createStatement();
                ResultSet rows = query.executeQuery(sql.toString())) {
            while (rows.next()) {
                Object[] row = new Object[count];
                for (int i = 0; i < count; i++) {
                    row[i] = rows.getObject(i + 1);
                }
                index.add(row);
            }
        }
    }

    private void add(Object[] row) throws SQLException {
        String key = key(row);
        long id;
        try (PreparedStatement insert = connection.prepareStatement(INSERT_ROW, Statement.RETURN_GENERATED_KEYS)) {
            setKey(insert, key);
            insert.executeUpdate();
            try (ResultSet ids = insert.getGeneratedKeys()) {
                ids.next();
                id = ids.getLong(1);
            }
        }
        Set<String> words = words(row);
        Set<Integer> known = known(words);
        // In one order, so that two transactions with the same new words do not wait for each other.
        for (String word : words) {
            known.add(insertWord(word));
        }
        try (PreparedStatement map = connection.prepareStatement(MAP_WORD)) {
            map.setLong(1, id);
            for (int word : known) {
                map.setInt(2, word);
                map.executeUpdate();
            }
        }
    }

    /** @param words those that are known are taken out of it */
    private Set<Integer> known(Set<String> words) throws SQLException {
        Set<Integer> ids = new TreeSet<>();
        try (PreparedStatement query = connection.prepareStatement(FIND_WORDS)) {
            query.setObject(1, words.toArray(new String[0]));
            try (ResultSet found = query.executeQuery()) {
                while (found.next()) {
                    ids.add(found.getInt(1));
                    words.remove(found.getString(2));
                }
            }
        }
        return ids;
    }

    /** Waits for a transaction that has the same new word: whether it is known decides its commit. */
    private int insertWord(String word) throws SQLException {
        try (PreparedStatement insert = connection.prepareStatement(INSERT_WORD, Statement.RETURN_GENERATED_KEYS)) {
            insert.setString(1, word);
            insert.executeUpdate();
            try (ResultSet id = insert.getGeneratedKeys()) {
                id.next();
                return id.getInt(1);
            }
        }
    }

    private void remove(Object[] row) throws SQLException {
        String key = key(row);
        long id;
        try (PreparedStatement query = connection.prepareStatement(FIND_ROW)) {
            setKey(query, key);
            try (ResultSet found = query.executeQuery()) {
                if (!found.next()) {
                    return;
                }
                id = found.getLong(1);
            }
        }
        try (PreparedStatement unmap = connection.prepareStatement(UNMAP_WORD)) {
            unmap.setLong(1, id);
            for (int word : known(words(row))) {
                unmap.setInt(2, word);
                unmap.executeUpdate();
            }
        }
        try (PreparedStatement delete = connection.prepareStatement(DELETE_ROW)) {
            setKey(delete, key);
            delete.executeUpdate();
        }
    }

    private void setKey(PreparedStatement statement, String key) throws SQLException {
        statement.setInt(1, key.hashCode());
        statement.setInt(2, info.id);
        statement.setString(3, key);
    }

    /** A condition of SQL that finds the row. */
    private String key(Object[] row) throws SQLException {
        StringBuilder key = new StringBuilder();
        for (int column : info.keys) {
            if (key.length() > 0) {
                key.append(" AND ");
            }
            StringUtils.quoteIdentifier(key, info.columns[column]);
            if (row[column] == null) {
                key.append(" IS NULL");
            } else {
                key.append('=').append(FullText.quoteSQL(row[column], types[column]));
            }
        }
        return key.toString();
    }

    private Set<String> words(Object[] row) throws SQLException {
        Set<String> words = new TreeSet<>();
        for (int column : info.indexColumns) {
            Object value = row[column];
            if (types[column] == Types.CLOB && value != null) {
                splitter.split(value instanceof Reader r ? r : ((Clob) value).getCharacterStream(), words);
            } else {
                splitter.split(FullText.asString(value, types[column]), words);
            }
        }
        return words;
    }

    // ---- any node -------------------------------------------------------------------------------------------------

    /** Rows that have all words of the text, by their number. */
    static ResultSet search(Connection connection, String text, int limit, int offset, boolean data)
            throws SQLException {
        SimpleResultSet result = FullText.createResultSet(data);
        boolean onlyColumns = connection.getMetaData().getURL().startsWith("jdbc:columnlist:");
        SessionLocal session = SynodFullText.session(connection);
        Database database = session.getDatabase();
        if (onlyColumns
                || text == null
                || StringUtils.isWhitespaceOrEmpty(text)
                || database.findSchema(database.sysIdentifier("FT")) == null) {
            return result;
        }
        int skipped = 0;
        int count = 0;
        try (PreparedStatement query = connection.prepareStatement(FIND_HIT)) {
            for (long row : rows(connection, text)) {
                query.setLong(1, row);
                try (ResultSet found = query.executeQuery()) {
                    if (!found.next() || !exists(session, found.getString(2), found.getString(3))) {
                        continue;
                    }
                    if (skipped < offset) {
                        skipped++;
                        continue;
                    }
                    addHit(connection, result, found, data);
                }
                count++;
                if (count == limit) {
                    break;
                }
            }
        }
        return result;
    }

    private static void addHit(Connection connection, SimpleResultSet result, ResultSet found, boolean data)
            throws SQLException {
        String key = found.getString(1);
        String schema = found.getString(2);
        String table = found.getString(3);
        if (data) {
            String[][] parsed = FullText.parseKey(connection, key);
            result.addRow(schema, table, parsed[0], parsed[1], 1.0);
        } else {
            StringBuilder query =
                    StringUtils.quoteIdentifier(new StringBuilder(), schema).append('.');
            StringUtils.quoteIdentifier(query, table).append(" WHERE ").append(key);
            result.addRow(query.toString(), 1.0);
        }
    }

    /** Its table may have been dropped, or renamed, and its index not. */
    private static boolean exists(SessionLocal session, String schema, String table) {
        Schema found = session.getDatabase().findSchema(schema);
        return found != null && found.findTableOrView(session, table) != null;
    }

    private static Set<Long> rows(Connection connection, String text) throws SQLException {
        Set<String> words = new TreeSet<>();
        try (Statement query = connection.createStatement();
                ResultSet settings = query.executeQuery("SELECT " + SETTINGS)) {
            settings.next();
            Splitter.of(settings.getString(1), settings.getString(2)).split(text, words);
        }
        Set<Long> rows = null;
        try (PreparedStatement query = connection.prepareStatement(FIND_WORD)) {
            for (String word : words) {
                Set<Long> having = new TreeSet<>();
                query.setString(1, word);
                try (ResultSet found = query.executeQuery()) {
                    while (found.next()) {
                        long row = found.getLong(1);
                        if (rows == null || rows.contains(row)) {
                            having.add(row);
                        }
                    }
                }
                rows = having;
                if (rows.isEmpty()) {
                    break;
                }
            }
        }
        return rows == null ? Set.of() : rows;
    }
}
