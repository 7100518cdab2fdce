package org.h2.engine;

/** Opens what is package-private in H2's engine to the store that hosts a database. */
public final class SynodDatabaseBridge {
    private SynodDatabaseBridge() {}

    /** A new session, as after a login; {@code null} when the database is closing. */
    public static SessionLocal createSession(Database database, User user) {
        return database.createSession(user, null);
    }

    public static boolean passwordMatches(User user, byte[] passwordHash) {
        return user.validateUserPasswordHash(passwordHash);
    }
}
