package org.h2.engine;

import org.h2.table.Table;

/** Opens a few package-private doors of H2's engine to Synod: nothing but calls through. */
public final class SynodEngineBridge {
    private SynodEngineBridge() {}

    /** A session of a user who has been authenticated already; {@code null} when the database is closing. */
    public static SessionLocal createSession(Database database, User user) {
        return database.createSession(user, null);
    }

    /**
     * Takes the table off the session's list of locks without unlocking it: the session keeps the lock across the commits
     * that DDL makes by itself, until {@code table.unlock(session)}.
     */
    public static void detachLock(SessionLocal session, Table table) {
        session.unlock(table);
    }

    /** Whether a setting counts only when a database is opened. */
    public static boolean isOpenSetting(String key) {
        return DbSettings.DEFAULT.containsKey(key);
    }

    /** The statement that creates a user with this password hash, salted. */
    public static String createAdminSql(Database database, String name, byte[] passwordHash) {
        User user = new User(database, 0, name, false);
        user.setAdmin(true);
        user.setUserPasswordHash(passwordHash);
        return user.getCreateSQL(true);
    }

    /** {@code SALT '…' HASH '…'} for this password hash, with a new salt. */
    public static String saltedHashSql(Database database, String name, byte[] passwordHash) {
        User user = new User(database, 0, name, false);
        user.setUserPasswordHash(passwordHash);
        String sql = user.getCreateSQL(true);
        return sql.substring(sql.lastIndexOf(" SALT '") + 1);
    }
}
