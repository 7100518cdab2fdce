package org.h2.engine;

import java.lang.reflect.Field;
import java.util.WeakHashMap;
import java.util.concurrent.ConcurrentHashMap;
import org.h2.schema.Schema;
import org.h2.table.Table;

/** Opens a few doors of H2's engine to Synod that are not public. */
public final class SynodEngineBridge {
    private static final Field KEPT_SINCE = field("snapshotDataModificationId");

    private SynodEngineBridge() {}

    private static Field field(String name) {
        try {
            Field field = SessionLocal.class.getDeclaredField(name);
            field.setAccessible(true);
            return field;
        } catch (ReflectiveOperationException e) {
            throw unknownVersion(e);
        }
    }

    private static IllegalStateException unknownVersion(ReflectiveOperationException e) {
        return new IllegalStateException("this version of H2 is not one that Synod knows", e);
    }

    /**
     * Rolls the session's transaction back, and forgets what its statements have read in it, as H2 does at a commit only. Above
     * READ COMMITTED it would give the next transaction a result that it has kept of this one's snapshot: it takes it for younger
     * than a change that was committed meanwhile.
     */
    public static void rollback(SessionLocal session) {
        Database database = session.getDatabase();
        session.rollback();
        try {
            KEPT_SINCE.setLong(session, database.getNextModificationDataId());
        } catch (IllegalAccessException e) {
            throw unknownVersion(e);
        }
    }

    /** A session of a user who has been authenticated already; {@code null} when the database is closing. */
    public static SessionLocal createSession(Database database, User user) {
        return database.createSession(user, null);
    }

    /** Sets the current schema, which may have been dropped: H2's sessions keep the name of such a one. */
    public static void setCurrentSchema(SessionLocal session, String name) {
        Schema schema = session.getDatabase().findSchema(name);
        session.setCurrentSchema(schema != null ? schema : new Schema(session.getDatabase(), 0, name, null, false));
    }

    /**
     * Takes the table off the session's list of locks without unlocking it: the session keeps the lock across the commits
     * that DDL makes by itself, until {@code table.unlock(session)}.
     */
    public static void detachLock(SessionLocal session, Table table) {
        session.unlock(table);
    }

    /**
     * Gives a session what another one has drawn last from the sequences of their database.
     *
     * @throws IllegalStateException when this H2 keeps that in another way than the ones that are known
     */
    public static void copyCurrentValues(SessionLocal from, SessionLocal to) {
        if (from.getDatabase() != to.getDatabase()) {
            return;
        }
        try {
            Field field = field("currentValueFor");
            Object values = field.get(from);
            if (values instanceof WeakHashMap<?, ?> map) {
                field.set(to, new WeakHashMap<>(map));
            }
        } catch (ReflectiveOperationException e) {
            throw unknownVersion(e);
        }
    }

    /**
     * Lets H2 find a schema by its name that is on none of its lists of schemas.
     *
     * @throws IllegalStateException when this H2 keeps its schemas in another way than the ones that are known
     */
    public static void hide(Database database, Schema schema) {
        try {
            Field field = Database.class.getDeclaredField("schemas");
            field.setAccessible(true);
            @SuppressWarnings("unchecked")
            ConcurrentHashMap<String, Schema> listed = (ConcurrentHashMap<String, Schema>) field.get(database);
            field.set(database, new HidingMap(listed, schema));
        } catch (ReflectiveOperationException e) {
            throw unknownVersion(e);
        }
    }

    /** Gives the hidden schema to whoever asks for it by name, and to nobody else. */
    private static final class HidingMap extends ConcurrentHashMap<String, Schema> {
        private static final long serialVersionUID = 1L;

        private final transient Schema hidden;

        HidingMap(ConcurrentHashMap<String, Schema> listed, Schema hidden) {
            super(listed);
            this.hidden = hidden;
        }

        @Override
        public Schema get(Object name) {
            Schema found = super.get(name);
            return found == null && hidden.getName().equals(name) ? hidden : found;
        }
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
