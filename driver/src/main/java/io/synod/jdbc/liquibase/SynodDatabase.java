package io.synod.jdbc.liquibase;

import io.synod.jdbc.SynodDriver;
import io.synod.jdbc.SynodUrl;
import liquibase.database.DatabaseConnection;
import liquibase.database.core.H2Database;
import liquibase.exception.DatabaseException;

/**
 * Liquibase chooses a driver by URL before it has a connection, and knows no {@code jdbc:synod:}. All the rest, also the name
 * in {@code dbms="h2"}, is Liquibase's support for H2. As thread-safe as that: one at a time.
 */
public final class SynodDatabase extends H2Database {
    /** Called by {@link java.util.ServiceLoader}. */
    public SynodDatabase() {}

    @Override
    public String getDefaultDriver(String url) {
        return url.startsWith(SynodUrl.PREFIX) ? SynodDriver.class.getName() : null;
    }

    @Override
    public boolean isCorrectDatabaseImplementation(DatabaseConnection connection) throws DatabaseException {
        return super.isCorrectDatabaseImplementation(connection)
                && connection.getURL().startsWith(SynodUrl.PREFIX);
    }

    /** Before H2's, which takes whatever says H2. */
    @Override
    public int getPriority() {
        return super.getPriority() + 1;
    }
}
