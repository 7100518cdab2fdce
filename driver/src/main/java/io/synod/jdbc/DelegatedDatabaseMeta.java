package io.synod.jdbc;

import java.util.function.Function;
import org.h2.jdbc.meta.DatabaseMeta;
import org.h2.mode.DefaultNullOrdering;
import org.h2.result.ResultInterface;

/**
 * Metadata that are another object's by then: JDBC keeps this one for as long as it likes, while the session behind it moves, and
 * the catalogue changes.
 */
public abstract class DelegatedDatabaseMeta extends DatabaseMeta {
    /** For subclasses. */
    protected DelegatedDatabaseMeta() {}

    /** What depends on the catalogue or the session. */
    protected abstract <T> T read(Function<DatabaseMeta, T> call);

    /** What depends on nothing but the release of H2 that answers; {@code what} names it. */
    protected abstract <T> T ofRelease(String what, Class<T> type, Function<DatabaseMeta, T> call);

    @Override
    public DefaultNullOrdering defaultNullOrdering() {
        return read(meta -> meta.defaultNullOrdering());
    }

    @Override
    public String getDatabaseProductVersion() {
        return ofRelease("DatabaseProductVersion", String.class, DatabaseMeta::getDatabaseProductVersion);
    }

    @Override
    public String getSQLKeywords() {
        return read(meta -> meta.getSQLKeywords());
    }

    @Override
    public String getNumericFunctions() {
        return ofRelease("NumericFunctions", String.class, DatabaseMeta::getNumericFunctions);
    }

    @Override
    public String getStringFunctions() {
        return ofRelease("StringFunctions", String.class, DatabaseMeta::getStringFunctions);
    }

    @Override
    public String getSystemFunctions() {
        return ofRelease("SystemFunctions", String.class, DatabaseMeta::getSystemFunctions);
    }

    @Override
    public String getTimeDateFunctions() {
        return ofRelease("TimeDateFunctions", String.class, DatabaseMeta::getTimeDateFunctions);
    }

    @Override
    public String getSearchStringEscape() {
        return read(meta -> meta.getSearchStringEscape());
    }

    @Override
    public ResultInterface getProcedures(String a, String b, String c) {
        return read(meta -> meta.getProcedures(a, b, c));
    }

    @Override
    public ResultInterface getProcedureColumns(String a, String b, String c, String d) {
        return read(meta -> meta.getProcedureColumns(a, b, c, d));
    }

    @Override
    public ResultInterface getTables(String a, String b, String c, String[] d) {
        return read(meta -> meta.getTables(a, b, c, d));
    }

    @Override
    public ResultInterface getSchemas() {
        return read(meta -> meta.getSchemas());
    }

    @Override
    public ResultInterface getCatalogs() {
        return read(meta -> meta.getCatalogs());
    }

    @Override
    public ResultInterface getTableTypes() {
        return read(meta -> meta.getTableTypes());
    }

    @Override
    public ResultInterface getColumns(String a, String b, String c, String d) {
        return read(meta -> meta.getColumns(a, b, c, d));
    }

    @Override
    public ResultInterface getColumnPrivileges(String a, String b, String c, String d) {
        return read(meta -> meta.getColumnPrivileges(a, b, c, d));
    }

    @Override
    public ResultInterface getTablePrivileges(String a, String b, String c) {
        return read(meta -> meta.getTablePrivileges(a, b, c));
    }

    @Override
    public ResultInterface getBestRowIdentifier(String a, String b, String c, int d, boolean e) {
        return read(meta -> meta.getBestRowIdentifier(a, b, c, d, e));
    }

    @Override
    public ResultInterface getVersionColumns(String a, String b, String c) {
        return read(meta -> meta.getVersionColumns(a, b, c));
    }

    @Override
    public ResultInterface getPrimaryKeys(String a, String b, String c) {
        return read(meta -> meta.getPrimaryKeys(a, b, c));
    }

    @Override
    public ResultInterface getImportedKeys(String a, String b, String c) {
        return read(meta -> meta.getImportedKeys(a, b, c));
    }

    @Override
    public ResultInterface getExportedKeys(String a, String b, String c) {
        return read(meta -> meta.getExportedKeys(a, b, c));
    }

    @Override
    public ResultInterface getCrossReference(String a, String b, String c, String d, String e, String f) {
        return read(meta -> meta.getCrossReference(a, b, c, d, e, f));
    }

    @Override
    public ResultInterface getTypeInfo() {
        return read(meta -> meta.getTypeInfo());
    }

    @Override
    public ResultInterface getIndexInfo(String a, String b, String c, boolean d, boolean e) {
        return read(meta -> meta.getIndexInfo(a, b, c, d, e));
    }

    @Override
    public ResultInterface getUDTs(String a, String b, String c, int[] d) {
        return read(meta -> meta.getUDTs(a, b, c, d));
    }

    @Override
    public ResultInterface getSuperTypes(String a, String b, String c) {
        return read(meta -> meta.getSuperTypes(a, b, c));
    }

    @Override
    public ResultInterface getSuperTables(String a, String b, String c) {
        return read(meta -> meta.getSuperTables(a, b, c));
    }

    @Override
    public ResultInterface getAttributes(String a, String b, String c, String d) {
        return read(meta -> meta.getAttributes(a, b, c, d));
    }

    @Override
    public int getDatabaseMajorVersion() {
        return ofRelease("DatabaseMajorVersion", Integer.class, DatabaseMeta::getDatabaseMajorVersion);
    }

    @Override
    public int getDatabaseMinorVersion() {
        return ofRelease("DatabaseMinorVersion", Integer.class, DatabaseMeta::getDatabaseMinorVersion);
    }

    @Override
    public ResultInterface getSchemas(String a, String b) {
        return read(meta -> meta.getSchemas(a, b));
    }

    @Override
    public ResultInterface getFunctions(String a, String b, String c) {
        return read(meta -> meta.getFunctions(a, b, c));
    }

    @Override
    public ResultInterface getFunctionColumns(String a, String b, String c, String d) {
        return read(meta -> meta.getFunctionColumns(a, b, c, d));
    }

    @Override
    public ResultInterface getPseudoColumns(String a, String b, String c, String d) {
        return read(meta -> meta.getPseudoColumns(a, b, c, d));
    }
}
