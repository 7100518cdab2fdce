package io.synod.engine.operations;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.Properties;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The database that a command works on, and as whom. */
final class ConnectionOptions {
    @Parameters(
            index = "0",
            paramLabel = "JDBC-URL",
            description = "the database, for example jdbc:synod://127.0.0.1:7201/shop; any one live node is enough")
    private String url;

    @Option(
            names = {"-u", "--user"},
            paramLabel = "USER",
            defaultValue = "sa",
            description = "user of the database (default: ${DEFAULT-VALUE})")
    private String user;

    @Option(
            names = {"-p", "--password"},
            paramLabel = "PASSWORD",
            arity = "0..1",
            interactive = true,
            echo = false,
            description = "its password; asked for when none follows (default: empty)")
    private char[] password = new char[0];

    ConnectionOptions() {}

    ConnectionOptions(String url, String user, String password) {
        this.url = url;
        this.user = user;
        this.password = password.toCharArray();
    }

    String url() {
        return url;
    }

    String user() {
        return user;
    }

    String password() {
        return new String(password);
    }

    Connection connect() throws SQLException {
        Properties properties = new Properties();
        if (!url.toUpperCase(java.util.Locale.ROOT).contains(";USER=")) {
            properties.setProperty("user", user);
            properties.setProperty("password", password());
        }
        return DriverManager.getConnection(url, properties);
    }

    /**
     * The same database, asked at one member only.
     *
     * @param address {@code host:port} of the member
     */
    ConnectionOptions at(String address, String database) {
        return new ConnectionOptions(MemberUrl.of(url, address, database), user, password());
    }

    /** As {@link #at}, for questions that another member can answer if this one does not. */
    ConnectionOptions impatientlyAt(String address, String database) {
        return new ConnectionOptions(MemberUrl.impatient(url, address, database), user, password());
    }

    /** Another database of the same nodes. */
    ConnectionOptions sibling(String other) {
        return new ConnectionOptions(MemberUrl.sibling(url, other), user, password());
    }

    /** The same database, asked for what a node knows by itself: also while no member leads. */
    ConnectionOptions locally() {
        return new ConnectionOptions(MemberUrl.local(url), user, password());
    }
}
