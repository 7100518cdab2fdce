package io.synod.jdbc.flyway;

import io.synod.jdbc.SynodDriver;
import io.synod.jdbc.SynodUrl;
import java.sql.Connection;
import java.sql.SQLException;
import org.flywaydb.core.api.configuration.Configuration;
import org.flywaydb.core.internal.database.h2.H2DatabaseType;

/**
 * Flyway chooses by URL before it has a connection, and knows no {@code jdbc:synod:}. All the rest is Flyway's support for H2.
 * Thread-safe.
 */
public final class SynodDatabaseType extends H2DatabaseType {
    /** Called by {@link java.util.ServiceLoader}. */
    public SynodDatabaseType() {}

    @Override
    public String getName() {
        return "Synod";
    }

    @Override
    public boolean handlesJDBCUrl(String url) {
        return url.startsWith(SynodUrl.PREFIX);
    }

    @Override
    public String getDriverClass(String url, ClassLoader classLoader) {
        return SynodDriver.class.getName();
    }

    /** A database behind a {@code DataSource} says H2: this type is for those of Synod only. */
    @Override
    public boolean handlesDatabaseProductNameAndVersion(String product, String version, Connection connection) {
        try {
            return super.handlesDatabaseProductNameAndVersion(product, version, connection)
                    && handlesJDBCUrl(connection.getMetaData().getURL());
        } catch (SQLException e) {
            throw new IllegalStateException("The connection does not tell its URL", e);
        }
    }

    /** A migration that ran for minutes shall not fail because a leader was lost. */
    @Override
    public Connection alterConnectionAsNeeded(Connection connection, Configuration configuration) {
        return ReplayingConnection.of(super.alterConnectionAsNeeded(connection, configuration));
    }

    /** Before H2's type, which takes whatever says H2. */
    @Override
    public int getPriority() {
        return 1;
    }
}
