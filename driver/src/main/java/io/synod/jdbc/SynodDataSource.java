package io.synod.jdbc;

import java.io.PrintWriter;
import java.io.Serializable;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.util.Properties;
import java.util.logging.Logger;
import javax.naming.Reference;
import javax.naming.Referenceable;
import javax.naming.StringRefAddr;
import javax.sql.ConnectionPoolDataSource;
import javax.sql.DataSource;
import javax.sql.PooledConnection;

/**
 * A data source with bean properties, for pools and frameworks. {@code url} is a {@code jdbc:synod:} URL; {@code databaseName}
 * may stand for the name in it that is left out. Set the properties before use; {@link #getConnection()} is thread-safe.
 */
public class SynodDataSource implements DataSource, ConnectionPoolDataSource, Referenceable, Serializable {
    private static final long serialVersionUID = 1;

    private static final SynodDriver DRIVER = new SynodDriver();
    private String url;
    private String user;
    private String password;
    private String databaseName;
    private int loginTimeoutSeconds;
    private transient PrintWriter logWriter;

    /** Made by pools by name. */
    public SynodDataSource() {}

    @Override
    public Connection getConnection() throws SQLException {
        return getConnection(user, password);
    }

    @Override
    public Connection getConnection(String user, String password) throws SQLException {
        Properties properties = new Properties();
        if (user != null) {
            properties.setProperty("user", user);
        }
        if (password != null) {
            properties.setProperty("password", password);
        }
        if (loginTimeoutSeconds > 0) {
            properties.setProperty("CONNECT_TIMEOUT", Integer.toString(loginTimeoutSeconds * 1000));
        }
        String full = fullUrl();
        Connection connection = DRIVER.connect(full, properties);
        if (connection == null) {
            throw Errors.badUrl(full, "it does not start with " + SynodUrl.PREFIX);
        }
        return connection;
    }

    /** @return a connection that a pool keeps; its handles are closed, it is not */
    @Override
    public PooledConnection getPooledConnection() throws SQLException {
        return getPooledConnection(user, password);
    }

    @Override
    public PooledConnection getPooledConnection(String user, String password) throws SQLException {
        return new SynodPooledConnection(physical(user, password));
    }

    /** As {@link #getConnection()}, for a subclass that hands it out in another way. */
    SynodConnection physical(String user, String password) throws SQLException {
        return getConnection(user, password).unwrap(SynodConnection.class);
    }

    /** See {@link #setPassword}. */
    String password() {
        return password;
    }

    /** For JNDI; the password is in it, as the container has given it. */
    @Override
    public Reference getReference() {
        Reference reference = new Reference(getClass().getName(), SynodDataSourceFactory.class.getName(), null);
        add(reference, "url", url);
        add(reference, "user", user);
        add(reference, "password", password);
        add(reference, "databaseName", databaseName);
        add(reference, "loginTimeout", Integer.toString(loginTimeoutSeconds));
        return reference;
    }

    private static void add(Reference reference, String property, String value) {
        if (value != null) {
            reference.add(new StringRefAddr(property, value));
        }
    }

    private String fullUrl() throws SQLException {
        if (url == null) {
            throw Errors.badUrl("", "the property url of " + getClass().getSimpleName() + " is not set");
        }
        if (databaseName == null) {
            return url;
        }
        int settings = url.indexOf(';');
        String target = settings < 0 ? url : url.substring(0, settings);
        if (!target.endsWith("/") && !target.endsWith(":")) {
            throw Errors.badUrl(
                    url, "it names a database, and so does the property databaseName=" + databaseName + ": keep one");
        }
        return target + databaseName + url.substring(target.length());
    }

    public String getUrl() {
        return url;
    }

    /** @param url {@code jdbc:synod:…} */
    public void setUrl(String url) {
        this.url = url;
    }

    /** The spelling that some pools look for. */
    public String getURL() {
        return url;
    }

    /** The spelling that some pools look for. */
    public void setURL(String url) {
        this.url = url;
    }

    public String getUser() {
        return user;
    }

    public void setUser(String user) {
        this.user = user;
    }

    /** Write-only, so that no dump of the bean shows it. */
    public void setPassword(String password) {
        this.password = password;
    }

    public String getDatabaseName() {
        return databaseName;
    }

    /** @param databaseName appended to a URL that ends where the name belongs, as in {@code jdbc:synod://h:7201/} */
    public void setDatabaseName(String databaseName) {
        this.databaseName = databaseName;
    }

    @Override
    public int getLoginTimeout() {
        return loginTimeoutSeconds;
    }

    @Override
    public void setLoginTimeout(int seconds) {
        this.loginTimeoutSeconds = seconds;
    }

    @Override
    public PrintWriter getLogWriter() {
        return logWriter;
    }

    @Override
    public void setLogWriter(PrintWriter out) {
        this.logWriter = out;
    }

    @Override
    public Logger getParentLogger() throws SQLFeatureNotSupportedException {
        return DRIVER.getParentLogger();
    }

    @Override
    public <T> T unwrap(Class<T> type) throws SQLException {
        if (type.isInstance(this)) {
            return type.cast(this);
        }
        throw Errors.badValue(
                "unwrap", type.getName(), "an interface of " + getClass().getName());
    }

    @Override
    public boolean isWrapperFor(Class<?> type) {
        return type.isInstance(this);
    }

    @Override
    public String toString() {
        return getClass().getSimpleName() + "[url=" + (url == null ? null : SynodUrlParser.withoutPassword(url))
                + ", user=" + user + "]";
    }
}
