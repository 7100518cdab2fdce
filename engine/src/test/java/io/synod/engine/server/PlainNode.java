package io.synod.engine.server;

import io.synod.engine.session.SessionFactory;
import io.synod.engine.session.SynodSession;
import java.io.IOException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.h2.api.ErrorCode;
import org.h2.engine.ConnectionInfo;
import org.h2.engine.Engine;
import org.h2.engine.SessionLocal;
import org.h2.jdbc.JdbcConnection;
import org.h2.message.DbException;

/** The front end of a node on a plain H2 database in memory; further servers on it stand for further nodes. */
final class PlainNode implements SessionFactory, AutoCloseable {
    private static final AtomicInteger NAMES = new AtomicInteger();

    private final String memory = "jdbc:h2:mem:plain" + NAMES.incrementAndGet();
    private final CommitLedger ledger = new CommitLedger();
    private final List<SqlServer> servers = new ArrayList<>();
    private final List<PlainSession> sessions = java.util.Collections.synchronizedList(new ArrayList<>());
    private final Connection keeper;

    PlainNode() throws Exception {
        keeper = new JdbcConnection(memory, null, "SA", "secret", false);
        try (Statement s = keeper.createStatement()) {
            s.execute("CREATE SCHEMA SYNOD");
            // Only to be parsed: the session answers it from its ledger.
            s.execute("CREATE ALIAS SYNOD.RESOLVE FOR '" + PlainNode.class.getName() + ".resolve'");
            s.execute("CREATE TABLE ITEM(ID BIGINT PRIMARY KEY, NAME VARCHAR)");
        }
    }

    /** Called by nobody. */
    public static boolean resolve(String session, long number) {
        throw new IllegalStateException("not answered from the ledger: " + session + "/" + number);
    }

    @Override
    public Boolean knowsLeader(String database) {
        return database.equalsIgnoreCase("shop");
    }

    @Override
    public SynodSession open(String database, String user, byte[] passwordHash, Map<String, String> settings)
            throws SQLException {
        if (!database.equalsIgnoreCase("shop")) {
            throw DbException.getJdbcSQLException(ErrorCode.DATABASE_NOT_FOUND_1, database);
        }
        try {
            ConnectionInfo info = new ConnectionInfo(memory, null, user, "");
            info.setUserPasswordHash(passwordHash);
            Map<String, String> ofH2 = new HashMap<>(settings);
            // What a session has seen on other nodes means nothing on the only one.
            ofH2.remove("SYNOD_SEEN");
            ofH2.forEach(info::setProperty);
            SessionLocal local = Engine.createSession(info);
            PlainSession session = new PlainSession(local, ledger);
            sessions.add(session);
            return session;
        } catch (DbException e) {
            throw e.getSQLException();
        }
    }

    SqlServer serve(int connectionsMax) throws Exception {
        SqlServer server = SqlServer.start("127.0.0.1", 0, this, new ConnectionPlaces(connectionsMax));
        servers.add(server);
        return server;
    }

    CommitLedger ledger() {
        return ledger;
    }

    boolean allSessionsClosed() {
        return sessions.stream().allMatch(PlainSession::isClosed);
    }

    long count(String sql) throws SQLException {
        try (Statement s = keeper.createStatement();
                var rows = s.executeQuery(sql)) {
            rows.next();
            return rows.getLong(1);
        }
    }

    static Connection stock(SqlServer server) throws SQLException {
        return DriverManager.getConnection("jdbc:h2:tcp://127.0.0.1:" + server.port() + "/shop", "sa", "secret");
    }

    static Connection driver(SqlServer... servers) throws SQLException {
        List<String> endpoints = new ArrayList<>();
        for (SqlServer server : servers) {
            endpoints.add("127.0.0.1:" + server.port());
        }
        // More than a machine stands still: else the session is at the next node.
        String url = "jdbc:synod://" + String.join(",", endpoints) + "/shop;CONNECT_TIMEOUT=60000";
        return DriverManager.getConnection(url, "sa", "secret");
    }

    @Override
    public void close() throws SQLException, IOException {
        for (SqlServer server : servers) {
            server.close();
        }
        keeper.close();
    }
}
