package io.synod.engine.federation;

import java.lang.ref.Reference;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.HashSet;
import java.util.List;
import java.util.Properties;
import java.util.Set;
import org.h2.command.CommandInterface;
import org.h2.command.ddl.CreateTableData;
import org.h2.engine.SessionLocal;
import org.h2.index.Index;
import org.h2.jdbc.JdbcConnection;
import org.h2.message.DbException;
import org.h2.result.ResultInterface;
import org.h2.result.Row;
import org.h2.schema.Schema;
import org.h2.table.IndexColumn;
import org.h2.table.Table;
import org.h2.util.StringUtils;
import org.h2.value.TypeInfo;
import org.h2.value.Value;

/**
 * An H2 database, in memory or in a temporary file, that lives for one statement and behaves as the connection's own: same
 * mode, collation, time zone and variables. Used by one thread.
 */
final class Scratch implements AutoCloseable {
    /** A column of a table in it. */
    record Column(String name, TypeInfo type, boolean nullable) {}

    /** KiB that H2 keeps of a file in memory. */
    private static final int CACHE = 8192;

    /** Kept, because H2 closes the session of a connection that is collected as garbage with the next one that it opens. */
    private final JdbcConnection connection;

    private final SessionLocal session;
    /** {@code null} in memory. */
    private final ScratchFile file;

    private final Set<String> schemas = new HashSet<>();
    private int indexes;

    private Scratch(JdbcConnection connection, ScratchFile file) {
        this.connection = connection;
        this.session = (SessionLocal) connection.getSession();
        this.file = file;
        for (Schema schema : session.getDatabase().getAllSchemas()) {
            schemas.add(schema.getName());
        }
    }

    static Scratch like(SessionLocal own) {
        return like(own, null);
    }

    /** @param directory of its file, {@code null} for one in memory */
    static Scratch like(SessionLocal own, Path directory) {
        var settings = own.getStaticSettings();
        ScratchFile file = directory == null ? null : ScratchFile.in(directory);
        String where = file == null
                ? "mem:"
                : "file:" + file.path() + ";TRACE_LEVEL_FILE=0;MAX_COMPACT_TIME=0;CACHE_SIZE=" + CACHE;
        String url = "jdbc:h2:" + where + ";DATABASE_TO_UPPER=" + settings.databaseToUpper + ";DATABASE_TO_LOWER="
                + settings.databaseToLower + ";CASE_INSENSITIVE_IDENTIFIERS=" + settings.caseInsensitiveIdentifiers;
        JdbcConnection connection;
        try {
            // Never closed: that is the session's part, as nobody else knows the database.
            connection = open(url, own.getUser().getName());
        } catch (SQLException e) {
            throw DbException.convert(e);
        }
        SessionLocal session = (SessionLocal) connection.getSession();
        session.getDatabase().setMode(own.getDatabase().getMode());
        session.getDatabase().setCompareMode(own.getDatabase().getCompareMode());
        session.getDatabase().setDefaultNullOrdering(own.getDatabase().getDefaultNullOrdering());
        session.setTimeZone(own.currentTimeZone());
        session.setLockTimeout(own.getLockTimeout());
        session.setNonKeywords(own.getNonKeywords());
        session.setVariableBinary(own.isVariableBinary());
        session.setTruncateLargeLength(own.isTruncateLargeLength());
        for (String name : own.getVariableNames()) {
            session.setVariable(name, own.getVariable(name));
        }
        return new Scratch(connection, file);
    }

    private static JdbcConnection open(String url, String user) throws SQLException {
        return new JdbcConnection(url, new Properties(), user, "", false);
    }

    SessionLocal session() {
        return session;
    }

    /** What a text has assigned here is so in the session that asks. */
    void giveVariables(SessionLocal own) {
        Set<String> names = new HashSet<>(List.of(session.getVariableNames()));
        names.addAll(List.of(own.getVariableNames()));
        for (String name : names) {
            Value value = session.getVariable(name);
            if (!value.equals(own.getVariable(name))) {
                own.lock();
                try {
                    own.setVariable(name, value);
                } finally {
                    own.unlock();
                }
            }
        }
    }

    /** Creates the schema if there is none yet. */
    void schema(String name) {
        if (schemas.add(name)) {
            execute("CREATE SCHEMA " + StringUtils.quoteIdentifier(name));
        }
    }

    Table create(String schema, String name, List<Column> columns) {
        return create(schema, name, columns, List.of());
    }

    /** @param key columns of its primary key, none if it has none */
    Table create(String schema, String name, List<Column> columns, List<String> key) {
        StringBuilder sql = new StringBuilder("CREATE TABLE ")
                .append(StringUtils.quoteIdentifier(schema))
                .append('.')
                .append(StringUtils.quoteIdentifier(name))
                .append('(');
        columns(sql, columns);
        String separator = ", PRIMARY KEY(";
        for (String column : key) {
            sql.append(separator).append(StringUtils.quoteIdentifier(column));
            separator = ", ";
        }
        sql.append(key.isEmpty() ? "" : ")");
        execute(sql.append(')').toString());
        return session.getDatabase().getSchema(schema).getTableOrView(session, name);
    }

    /** One of the session alone. */
    void createTemporary(String name, List<Column> columns) {
        StringBuilder sql = new StringBuilder("CREATE LOCAL TEMPORARY TABLE ")
                .append(StringUtils.quoteIdentifier(name))
                .append('(');
        columns(sql, columns);
        execute(sql.append(')').toString());
    }

    private static void columns(StringBuilder sql, List<Column> columns) {
        String separator = "";
        for (Column column : columns) {
            sql.append(separator)
                    .append(StringUtils.quoteIdentifier(column.name()))
                    .append(' ');
            column.type().getSQL(sql, 0);
            sql.append(column.nullable() ? "" : " NOT NULL");
            separator = ", ";
        }
    }

    /** Creates a table whose rows are locked where they come from. */
    Table create(String schema, List<Column> columns, TableNames.Named home, HomeLocks locks) {
        CreateTableData data = new CreateTableData();
        data.schema = session.getDatabase().getSchema(schema);
        data.tableName = home.name();
        data.id = session.getDatabase().allocateObjectId();
        for (Column column : columns) {
            org.h2.table.Column made = new org.h2.table.Column(column.name(), column.type());
            made.setNullable(column.nullable());
            made.setSelectivity(home.table().getColumn(column.name()).getSelectivity());
            data.columns.add(made);
        }
        data.persistData = true;
        data.persistIndexes = session.getDatabase().isPersistent();
        data.session = session;
        Table table = new LockingCopy(data, home, locks);
        session.getDatabase().addSchemaObject(session, table);
        session.commit(false);
        return table;
    }

    /** Rows that are added after it stand in its order, if it is a number. */
    void primaryKey(Table table, Index like) {
        StringBuilder sql = new StringBuilder("ALTER TABLE ");
        table.getSQL(sql, 0).append(" ADD PRIMARY KEY(");
        execute(IndexColumn.writeColumns(sql, like.getIndexColumns(), 0)
                .append(')')
                .toString());
    }

    /** Creates an index as it is in another database. */
    void index(Table table, Index like) {
        String name = StringUtils.quoteIdentifier(table.getSchema().getName())
                + '.'
                + StringUtils.quoteIdentifier("SYNOD$INDEX" + indexes++);
        execute(like.getCreateSQLForCopy(table, name));
    }

    void index(Table table, List<String> columns) {
        StringBuilder sql = new StringBuilder("CREATE INDEX ON ")
                .append(StringUtils.quoteIdentifier(table.getSchema().getName()))
                .append('.')
                .append(StringUtils.quoteIdentifier(table.getName()))
                .append('(');
        String separator = "";
        for (String column : columns) {
            sql.append(separator).append(StringUtils.quoteIdentifier(column));
            separator = ", ";
        }
        execute(sql.append(')').toString());
    }

    /** Adds a row as it is, without any conversion; LOBs are copied. */
    void add(Table table, Value[] values, long key) {
        table.addRow(session, Row.get(ForeignLobs.in(session, values), Row.MEMORY_CALCULATE, key));
    }

    boolean isInMemory() {
        return file == null;
    }

    /** Makes the rows of {@link #add} committed ones: nothing is undone here, and reads need not look at undo entries. */
    void commit() {
        session.commit(false);
    }

    CommandInterface prepare(String sql) {
        return session.prepareCommand(sql);
    }

    ResultInterface query(String sql, Value[] parameters, long maxRows) {
        return query(session.prepareCommand(sql), parameters, maxRows);
    }

    static ResultInterface query(CommandInterface command, Value[] parameters, long maxRows) {
        var places = command.getParameters();
        for (int i = 0; i < places.size() && i < parameters.length; i++) {
            places.get(i).setValue(parameters[i], false);
        }
        return command.executeQuery(maxRows, Integer.MAX_VALUE, false);
    }

    void execute(String sql) {
        session.prepareCommand(sql).executeUpdate(null);
    }

    @Override
    public void close() {
        session.close();
        Reference.reachabilityFence(connection);
        if (file != null) {
            file.delete();
        }
    }
}
