package io.synod.jdbc;

import org.h2.jdbc.meta.DatabaseMeta;
import org.h2.mode.DefaultNullOrdering;
import org.h2.result.ResultInterface;

/** Metadata of the database from whichever node serves the session: JDBC keeps this object for as long as it likes. */
final class FailoverDatabaseMeta extends DatabaseMeta {
    private final FailoverSession session;

    FailoverDatabaseMeta(FailoverSession session) {
        this.session = session;
    }

    @Override
    public DefaultNullOrdering defaultNullOrdering() {
        return session.read(remote -> remote.getDatabaseMeta().defaultNullOrdering());
    }

    @Override
    public String getDatabaseProductVersion() {
        return session.read(remote -> remote.getDatabaseMeta().getDatabaseProductVersion());
    }

    @Override
    public String getSQLKeywords() {
        return session.read(remote -> remote.getDatabaseMeta().getSQLKeywords());
    }

    @Override
    public String getNumericFunctions() {
        return session.read(remote -> remote.getDatabaseMeta().getNumericFunctions());
    }

    @Override
    public String getStringFunctions() {
        return session.read(remote -> remote.getDatabaseMeta().getStringFunctions());
    }

    @Override
    public String getSystemFunctions() {
        return session.read(remote -> remote.getDatabaseMeta().getSystemFunctions());
    }

    @Override
    public String getTimeDateFunctions() {
        return session.read(remote -> remote.getDatabaseMeta().getTimeDateFunctions());
    }

    @Override
    public String getSearchStringEscape() {
        return session.read(remote -> remote.getDatabaseMeta().getSearchStringEscape());
    }

    @Override
    public ResultInterface getProcedures(String a, String b, String c) {
        return session.read(remote -> remote.getDatabaseMeta().getProcedures(a, b, c));
    }

    @Override
    public ResultInterface getProcedureColumns(String a, String b, String c, String d) {
        return session.read(remote -> remote.getDatabaseMeta().getProcedureColumns(a, b, c, d));
    }

    @Override
    public ResultInterface getTables(String a, String b, String c, String[] d) {
        return session.read(remote -> remote.getDatabaseMeta().getTables(a, b, c, d));
    }

    @Override
    public ResultInterface getSchemas() {
        return session.read(remote -> remote.getDatabaseMeta().getSchemas());
    }

    @Override
    public ResultInterface getCatalogs() {
        return session.read(remote -> remote.getDatabaseMeta().getCatalogs());
    }

    @Override
    public ResultInterface getTableTypes() {
        return session.read(remote -> remote.getDatabaseMeta().getTableTypes());
    }

    @Override
    public ResultInterface getColumns(String a, String b, String c, String d) {
        return session.read(remote -> remote.getDatabaseMeta().getColumns(a, b, c, d));
    }

    @Override
    public ResultInterface getColumnPrivileges(String a, String b, String c, String d) {
        return session.read(remote -> remote.getDatabaseMeta().getColumnPrivileges(a, b, c, d));
    }

    @Override
    public ResultInterface getTablePrivileges(String a, String b, String c) {
        return session.read(remote -> remote.getDatabaseMeta().getTablePrivileges(a, b, c));
    }

    @Override
    public ResultInterface getBestRowIdentifier(String a, String b, String c, int d, boolean e) {
        return session.read(remote -> remote.getDatabaseMeta().getBestRowIdentifier(a, b, c, d, e));
    }

    @Override
    public ResultInterface getVersionColumns(String a, String b, String c) {
        return session.read(remote -> remote.getDatabaseMeta().getVersionColumns(a, b, c));
    }

    @Override
    public ResultInterface getPrimaryKeys(String a, String b, String c) {
        return session.read(remote -> remote.getDatabaseMeta().getPrimaryKeys(a, b, c));
    }

    @Override
    public ResultInterface getImportedKeys(String a, String b, String c) {
        return session.read(remote -> remote.getDatabaseMeta().getImportedKeys(a, b, c));
    }

    @Override
    public ResultInterface getExportedKeys(String a, String b, String c) {
        return session.read(remote -> remote.getDatabaseMeta().getExportedKeys(a, b, c));
    }

    @Override
    public ResultInterface getCrossReference(String a, String b, String c, String d, String e, String f) {
        return session.read(remote -> remote.getDatabaseMeta().getCrossReference(a, b, c, d, e, f));
    }

    @Override
    public ResultInterface getTypeInfo() {
        return session.read(remote -> remote.getDatabaseMeta().getTypeInfo());
    }

    @Override
    public ResultInterface getIndexInfo(String a, String b, String c, boolean d, boolean e) {
        return session.read(remote -> remote.getDatabaseMeta().getIndexInfo(a, b, c, d, e));
    }

    @Override
    public ResultInterface getUDTs(String a, String b, String c, int[] d) {
        return session.read(remote -> remote.getDatabaseMeta().getUDTs(a, b, c, d));
    }

    @Override
    public ResultInterface getSuperTypes(String a, String b, String c) {
        return session.read(remote -> remote.getDatabaseMeta().getSuperTypes(a, b, c));
    }

    @Override
    public ResultInterface getSuperTables(String a, String b, String c) {
        return session.read(remote -> remote.getDatabaseMeta().getSuperTables(a, b, c));
    }

    @Override
    public ResultInterface getAttributes(String a, String b, String c, String d) {
        return session.read(remote -> remote.getDatabaseMeta().getAttributes(a, b, c, d));
    }

    @Override
    public int getDatabaseMajorVersion() {
        return session.read(remote -> remote.getDatabaseMeta().getDatabaseMajorVersion());
    }

    @Override
    public int getDatabaseMinorVersion() {
        return session.read(remote -> remote.getDatabaseMeta().getDatabaseMinorVersion());
    }

    @Override
    public ResultInterface getSchemas(String a, String b) {
        return session.read(remote -> remote.getDatabaseMeta().getSchemas(a, b));
    }

    @Override
    public ResultInterface getFunctions(String a, String b, String c) {
        return session.read(remote -> remote.getDatabaseMeta().getFunctions(a, b, c));
    }

    @Override
    public ResultInterface getFunctionColumns(String a, String b, String c, String d) {
        return session.read(remote -> remote.getDatabaseMeta().getFunctionColumns(a, b, c, d));
    }

    @Override
    public ResultInterface getPseudoColumns(String a, String b, String c, String d) {
        return session.read(remote -> remote.getDatabaseMeta().getPseudoColumns(a, b, c, d));
    }
}
