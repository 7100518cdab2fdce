package io.synod.jdbc;

import java.sql.Connection;
import java.sql.Driver;
import java.sql.DriverManager;
import java.sql.DriverPropertyInfo;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.ServiceLoader;
import java.util.logging.Logger;
import org.h2.engine.Session;

/** The JDBC driver for {@code jdbc:synod:} URLs; found by {@link ServiceLoader}. Thread-safe. */
public final class SynodDriver implements Driver {
    static final int MAJOR = 0;
    static final int MINOR = 1;

    static {
        try {
            DriverManager.registerDriver(new SynodDriver());
        } catch (SQLException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    /** Called by {@link ServiceLoader} and {@link DriverManager}. */
    public SynodDriver() {}

    /**
     * @return {@code null} when the URL is not one of Synod, as JDBC asks
     * @throws SQLException 90113 for a bad URL or setting; 28000 for a wrong user or password; 08001 when no node could be reached
     *     within FAILOVER_TIMEOUT, or no engine is there to open an embedded database
     */
    @Override
    public Connection connect(String url, Properties info) throws SQLException {
        if (!acceptsURL(url)) {
            return null;
        }
        SynodUrlParser.Parsed parsed = SynodUrlParser.parse(url, info);
        SynodUrl target = parsed.url();
        Session session = target.kind() == SynodUrl.Kind.REMOTE
                ? FailoverSession.connect(target, parsed.password())
                : engine(target).open(target, target.user(), parsed.password());
        try {
            return new SynodConnection(
                    session, target.user().toUpperCase(java.util.Locale.ROOT), SynodUrlParser.withFamily(target));
        } catch (RuntimeException | SQLException e) {
            session.close();
            throw e;
        }
    }

    private static EngineProvider engine(SynodUrl url) throws SQLException {
        return ServiceLoader.load(EngineProvider.class, SynodDriver.class.getClassLoader())
                .findFirst()
                .orElseThrow(() -> Errors.noEngine(url.text()));
    }

    @Override
    public boolean acceptsURL(String url) {
        return url != null && url.startsWith(SynodUrl.PREFIX);
    }

    @Override
    public DriverPropertyInfo[] getPropertyInfo(String url, Properties info) throws SQLException {
        SynodUrl parsed = acceptsURL(url) ? SynodUrl.parse(url, info) : null;
        List<DriverPropertyInfo> all = new ArrayList<>();
        all.add(property("user", parsed == null ? "" : parsed.user(), "user name"));
        all.add(property("password", "", "password"));
        for (Settings.Setting setting : Settings.own()) {
            all.add(property(
                    setting.key(),
                    parsed == null ? setting.defaultValue() : parsed.setting(setting.key()),
                    setting.meaning() + ": " + setting.expected()));
        }
        return all.toArray(new DriverPropertyInfo[0]);
    }

    private static DriverPropertyInfo property(String name, String value, String description) {
        DriverPropertyInfo property = new DriverPropertyInfo(name, value);
        property.description = description;
        return property;
    }

    @Override
    public int getMajorVersion() {
        return MAJOR;
    }

    @Override
    public int getMinorVersion() {
        return MINOR;
    }

    /** The same answer as H2, whose SQL it is. */
    @Override
    public boolean jdbcCompliant() {
        return true;
    }

    @Override
    public Logger getParentLogger() throws SQLFeatureNotSupportedException {
        throw new SQLFeatureNotSupportedException("the Synod driver does not use java.util.logging", "0A000");
    }
}
