package io.synod.engine.jdbc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.jdbc.SynodConnection;
import io.synod.jdbc.SynodDataSource;
import io.synod.jdbc.SynodDataSourceFactory;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import javax.naming.Reference;
import javax.sql.ConnectionEvent;
import javax.sql.ConnectionEventListener;
import javax.sql.PooledConnection;
import org.junit.jupiter.api.Test;

/** The data source as pools, containers and JNDI use it. */
class PooledDataSourceTest {
    private static SynodDataSource source(String name) {
        SynodDataSource source = new SynodDataSource();
        source.setUrl("jdbc:synod:mem:" + name);
        source.setUser("sa");
        source.setPassword("secret");
        source.setLoginTimeout(7);
        return source;
    }

    private static void run(Connection c, String sql) throws SQLException {
        try (Statement s = c.createStatement()) {
            s.execute(sql);
        }
    }

    private static int count(Connection c) throws SQLException {
        try (Statement s = c.createStatement();
                ResultSet rows = s.executeQuery("SELECT COUNT(*) FROM t")) {
            rows.next();
            return rows.getInt(1);
        }
    }

    @Test
    void a_handle_is_given_back_with_an_event_and_its_open_transaction_is_rolled_back() throws Exception {
        List<String> events = new ArrayList<>();
        PooledConnection pooled = source("handles").getPooledConnection();
        ConnectionEventListener listener = new ConnectionEventListener() {
            @Override
            public void connectionClosed(ConnectionEvent event) {
                assertEquals(pooled, event.getSource());
                events.add("closed");
            }

            @Override
            public void connectionErrorOccurred(ConnectionEvent event) {
                events.add("error " + event.getSQLException().getSQLState());
            }
        };
        pooled.addConnectionEventListener(listener);
        Connection first = pooled.getConnection();
        run(first, "CREATE TABLE t(x INT)");
        first.setAutoCommit(false);
        run(first, "INSERT INTO t VALUES (1)");
        first.close();
        first.close();
        assertEquals(List.of("closed"), events);
        assertTrue(first.isClosed());
        assertFalse(first.isValid(1));
        assertThrows(SQLException.class, first::createStatement);
        Connection second = pooled.getConnection();
        assertTrue(second.getAutoCommit());
        assertEquals(0, count(second));
        assertNotNull(second.unwrap(SynodConnection.class));
        // The next handle ends this one.
        Connection third = pooled.getConnection();
        assertThrows(SQLException.class, second::createStatement);
        assertThrows(SQLException.class, () -> run(third, "nonsense"));
        assertEquals(List.of("closed"), events, "an error of a statement does not end the connection");
        third.unwrap(SynodConnection.class).close();
        assertThrows(SQLException.class, third::createStatement);
        assertEquals(2, events.size());
        assertTrue(events.get(1).startsWith("error "), events.toString());
        pooled.removeConnectionEventListener(listener);
        pooled.close();
        pooled.close();
        assertThrows(SQLException.class, pooled::getConnection);
    }

    @Test
    void a_data_source_is_serialized_and_comes_back_from_jndi() throws Exception {
        SynodDataSource source = source("stored");
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
            out.writeObject(source);
        }
        SynodDataSource read;
        try (ObjectInputStream in = new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
            read = (SynodDataSource) in.readObject();
        }
        Reference reference = source.getReference();
        SynodDataSource found =
                (SynodDataSource) new SynodDataSourceFactory().getObjectInstance(reference, null, null, null);
        try (Connection c = source.getConnection()) {
            run(c, "CREATE TABLE t(x INT)");
            for (SynodDataSource other : List.of(read, found)) {
                assertEquals(7, other.getLoginTimeout());
                assertEquals(source.getUrl(), other.getUrl());
                try (Connection d = other.getConnection()) {
                    assertEquals(0, count(d));
                }
            }
        }
        assertNull(new SynodDataSourceFactory().getObjectInstance("something else", null, null, null));
    }
}
