package org.h2.fulltext;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import org.h2.api.ErrorCode;

/**
 * What H2 finds for the aliases of {@link FullText}. In a replicated database those that search do so from the tables; a call of
 * one that changes something never gets here, because it is several statements of the log, unless it is part of another statement.
 */
public final class SynodFullTextFunctions {
    private SynodFullTextFunctions() {}

    /** @throws SQLException 0A000 in a replicated database */
    public static void init(Connection connection) throws SQLException {
        checkPlain(connection, "FT_INIT()");
        FullText.init(connection);
    }

    /** @throws SQLException 0A000 in a replicated database */
    public static void createIndex(Connection connection, String schema, String table, String columns)
            throws SQLException {
        checkPlain(connection, "FT_CREATE_INDEX(…)");
        FullText.createIndex(connection, schema, table, columns);
    }

    /** @throws SQLException 0A000 in a replicated database */
    public static void dropIndex(Connection connection, String schema, String table) throws SQLException {
        checkPlain(connection, "FT_DROP_INDEX(…)");
        FullText.dropIndex(connection, schema, table);
    }

    /** @throws SQLException 0A000 in a replicated database */
    public static void reindex(Connection connection) throws SQLException {
        checkPlain(connection, "FT_REINDEX()");
        FullText.reindex(connection);
    }

    /** @throws SQLException 0A000 in a replicated database */
    public static void dropAll(Connection connection) throws SQLException {
        checkPlain(connection, "FT_DROP_ALL()");
        FullText.dropAll(connection);
    }

    /** @throws SQLException 0A000 in a replicated database */
    public static void setIgnoreList(Connection connection, String list) throws SQLException {
        checkPlain(connection, "FT_SET_IGNORE_LIST(…)");
        FullText.setIgnoreList(connection, list);
    }

    /** @throws SQLException 0A000 in a replicated database */
    public static void setWhitespaceChars(Connection connection, String characters) throws SQLException {
        checkPlain(connection, "FT_SET_WHITESPACE_CHARS(…)");
        FullText.setWhitespaceChars(connection, characters);
    }

    /** H2's forgets what all databases of the process know; that of replicated ones is in their tables. */
    public static void closeAll() {
        FullText.closeAll();
    }

    /** Rows QUERY, SCORE. */
    public static ResultSet search(Connection connection, String text, int limit, int offset) throws SQLException {
        return SynodFullText.isReplicated(connection)
                ? SynodFullTextIndex.search(connection, text, limit, offset, false)
                : FullText.search(connection, text, limit, offset);
    }

    /** Rows SCHEMA, TABLE, COLUMNS, KEYS, SCORE. */
    public static ResultSet searchData(Connection connection, String text, int limit, int offset) throws SQLException {
        return SynodFullText.isReplicated(connection)
                ? SynodFullTextIndex.search(connection, text, limit, offset, true)
                : FullText.searchData(connection, text, limit, offset);
    }

    private static void checkPlain(Connection connection, String function) throws SQLException {
        if (SynodFullText.isReplicated(connection)) {
            throw new SQLFeatureNotSupportedException(
                    function + " within another statement is not possible in a replicated database: it changes the"
                            + " catalogue. Instead, CALL it, as a statement of its own",
                    "0A000",
                    ErrorCode.FEATURE_NOT_SUPPORTED_1);
        }
    }
}
