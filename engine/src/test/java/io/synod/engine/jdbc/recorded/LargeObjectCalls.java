package io.synod.engine.jdbc.recorded;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.sql.Array;
import java.sql.Blob;
import java.sql.Clob;
import java.sql.Connection;
import java.sql.NClob;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLXML;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import javax.xml.transform.Source;
import javax.xml.transform.dom.DOMSource;
import javax.xml.transform.sax.SAXSource;
import javax.xml.transform.stax.StAXSource;
import javax.xml.transform.stream.StreamSource;

/** Calls of {@link Blob}, {@link Clob}, {@link NClob}, {@link SQLXML} and {@link Array}: made by the connection, and read. */
final class LargeObjectCalls {
    static final List<Program> PROGRAMS = List.of(
            new Program("blobs", LargeObjectCalls::blobs),
            new Program("clobs", LargeObjectCalls::clobs),
            new Program("xml", LargeObjectCalls::xml),
            new Program("arrays", LargeObjectCalls::arrays));

    private LargeObjectCalls() {}

    private static void write(OutputStream out, String text) {
        try (out) {
            out.write(text.getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void write(Writer out, String text) {
        try (out) {
            out.write(text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void blobs(Calls calls) throws SQLException {
        Connection c = calls.connection();
        calls.run("CREATE TABLE t(id INT PRIMARY KEY, b BLOB)");
        PreparedStatement insert = c.prepareStatement("INSERT INTO t VALUES (?, ?)");
        byte[] large = "0123456789".repeat(5_000).getBytes(StandardCharsets.US_ASCII);
        int id = 0;
        for (byte[] bytes : new byte[][] {{1, 2, 3, 4, 5}, {}, large}) {
            Blob blob = c.createBlob();
            calls.attempt(blob::length);
            blob.setBytes(1, bytes);
            insert.setInt(1, ++id);
            insert.setBlob(2, blob);
            insert.executeUpdate();
            useBlob(calls, blob);
        }
        for (byte[] bytes : new byte[][] {large, {7}}) {
            insert.setInt(1, ++id);
            insert.setBytes(2, bytes);
            insert.addBatch();
            insert.setInt(1, ++id);
            insert.setBinaryStream(2, new ByteArrayInputStream(bytes));
            insert.addBatch();
        }
        insert.executeBatch();
        Blob streamed = c.createBlob();
        write(streamed.setBinaryStream(1), "streamed");
        insert.setInt(1, ++id);
        insert.setBlob(2, streamed);
        insert.executeUpdate();
        Blob parts = c.createBlob();
        calls.attempt(() -> parts.setBytes(1, new byte[] {1, 2, 3, 4}, 1, 2));
        calls.attempt(() -> parts.setBytes(2, new byte[] {9}));
        calls.attempt(() -> parts.setBinaryStream(2));
        calls.attempt(() -> parts.truncate(0));
        ResultSet r = c.createStatement().executeQuery("SELECT b FROM t ORDER BY id");
        while (r.next()) {
            useBlob(calls, r.getBlob(1));
        }
        c.createStatement().executeUpdate("UPDATE t SET id = id + 10");
        r = c.createStatement().executeQuery("SELECT b FROM t ORDER BY id");
        while (r.next()) {
            r.getBytes(1);
            r.getBinaryStream(1);
        }
    }

    private static void useBlob(Calls calls, Blob blob) {
        calls.attempt(blob::length);
        for (long position : new long[] {1, 2, 0, 100}) {
            calls.attempt(() -> blob.getBytes(position, 3));
            calls.attempt(() -> blob.getBinaryStream(position, 2));
            calls.attempt(() -> blob.position(new byte[] {3, 4}, position));
            calls.attempt(() -> blob.position(blob, position));
        }
        calls.attempt(() -> blob.getBytes(1, -1));
        calls.attempt(() -> read(blob.getBinaryStream()));
        calls.attempt(() -> blob.setBytes(1, new byte[] {9}));
        calls.attempt(() -> blob.setBinaryStream(1));
        calls.attempt(() -> blob.truncate(1));
        calls.attempt(blob::free);
        calls.attempt(blob::length);
        calls.attempt(blob::free);
    }

    private static void read(InputStream in) {
        try (in) {
            in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void clobs(Calls calls) throws SQLException {
        Connection c = calls.connection();
        calls.run("CREATE TABLE t(id INT PRIMARY KEY, b CLOB)");
        PreparedStatement insert = c.prepareStatement("INSERT INTO t VALUES (?, ?)");
        int id = 0;
        for (String text : new String[] {"text ü€😀", "", "abcdefghij".repeat(5_000)}) {
            Clob clob = c.createClob();
            NClob national = c.createNClob();
            calls.attempt(clob::length);
            clob.setString(1, text);
            national.setString(1, text);
            insert.setInt(1, ++id);
            insert.setClob(2, clob);
            insert.executeUpdate();
            insert.setInt(1, ++id);
            insert.setNClob(2, national);
            insert.executeUpdate();
            useClob(calls, clob);
            useClob(calls, national);
        }
        for (Clob streamed : List.of(c.createClob(), c.createNClob())) {
            write(streamed.setCharacterStream(1), "streamed");
            insert.setInt(1, ++id);
            insert.setClob(2, streamed);
            insert.executeUpdate();
        }
        for (Clob parts : List.of(c.createClob(), c.createNClob())) {
            calls.attempt(() -> parts.setString(1, "abcd", 1, 2));
            calls.attempt(() -> parts.setString(2, "z"));
            calls.attempt(() -> parts.setAsciiStream(1));
            calls.attempt(() -> parts.setCharacterStream(2));
        }
        ResultSet r = c.createStatement().executeQuery("SELECT b FROM t ORDER BY id");
        while (r.next()) {
            useClob(calls, r.getClob(1));
            useClob(calls, r.getNClob(1));
            r.getCharacterStream(1);
        }
    }

    private static void useClob(Calls calls, Clob clob) {
        calls.attempt(clob::length);
        for (long position : new long[] {1, 2, 0, 100}) {
            calls.attempt(() -> clob.getSubString(position, 3));
            calls.attempt(() -> clob.getCharacterStream(position, 2));
            calls.attempt(() -> clob.position("xt", position));
            calls.attempt(() -> clob.position(clob, position));
        }
        calls.attempt(() -> clob.getSubString(1, -1));
        calls.attempt(clob::getCharacterStream);
        calls.attempt(clob::getAsciiStream);
        calls.attempt(() -> clob.setString(1, "x"));
        calls.attempt(() -> clob.setAsciiStream(1));
        calls.attempt(() -> clob.truncate(1));
        calls.attempt(clob::free);
        calls.attempt(clob::length);
        calls.attempt(clob::free);
    }

    private static void xml(Calls calls) throws SQLException {
        Connection c = calls.connection();
        calls.run("CREATE TABLE t(id INT PRIMARY KEY, x CLOB)");
        PreparedStatement insert = c.prepareStatement("INSERT INTO t VALUES (?, ?)");
        for (int how = 1; how <= 3; how++) {
            SQLXML xml = c.createSQLXML();
            switch (how) {
                case 1 -> xml.setString("<a><b>c</b></a>");
                case 2 -> write(xml.setBinaryStream(), "<a/>");
                default -> write(xml.setCharacterStream(), "<a/>");
            }
            calls.attempt(() -> xml.setString("<again/>"));
            insert.setInt(1, how);
            insert.setSQLXML(2, xml);
            insert.executeUpdate();
        }
        for (Class<? extends javax.xml.transform.Result> type : List.of(
                javax.xml.transform.dom.DOMResult.class,
                javax.xml.transform.sax.SAXResult.class,
                javax.xml.transform.stax.StAXResult.class,
                javax.xml.transform.stream.StreamResult.class)) {
            SQLXML xml = c.createSQLXML();
            calls.attempt(() -> xml.setResult(type));
            calls.attempt(xml::free);
            calls.attempt(xml::getString);
        }
        ResultSet r = c.createStatement().executeQuery("SELECT x FROM t ORDER BY id");
        while (r.next()) {
            calls.attempt(() -> r.getSQLXML(1).getString());
            calls.attempt(() -> r.getSQLXML(1).getBinaryStream());
            calls.attempt(() -> r.getSQLXML(1).getCharacterStream());
            for (Class<? extends Source> type :
                    List.of(DOMSource.class, SAXSource.class, StAXSource.class, StreamSource.class)) {
                calls.attempt(() -> r.getSQLXML(1).getSource(type));
            }
        }
    }

    private static void arrays(Calls calls) throws SQLException {
        Connection c = calls.connection();
        calls.run("CREATE TABLE t(id INT PRIMARY KEY, a INT ARRAY, b VARCHAR ARRAY)");
        PreparedStatement insert = c.prepareStatement("INSERT INTO t VALUES (?, ?, ?)");
        insert.setInt(1, 1);
        insert.setArray(2, c.createArrayOf("INTEGER", new Object[] {1, null, 3}));
        insert.setArray(3, c.createArrayOf("VARCHAR", new Object[] {"x", "y"}));
        insert.executeUpdate();
        calls.attempt(() -> c.createArrayOf("nonsense", new Object[] {1}));
        calls.attempt(() -> c.createArrayOf("INTEGER", null));
        use(calls, c.createArrayOf("INTEGER", new Object[] {1, 2, 3}));
        try (Statement s = c.createStatement()) {
            ResultSet r = s.executeQuery("SELECT a, b, ARRAY[ARRAY[1], ARRAY[2]], CAST(NULL AS INT ARRAY) FROM t");
            r.next();
            for (int i = 1; i <= 3; i++) {
                use(calls, r.getArray(i));
            }
            r.getArray(4);
        }
    }

    private static void use(Calls calls, Array array) throws SQLException {
        array.getBaseType();
        array.getBaseTypeName();
        for (Map<String, Class<?>> map :
                java.util.Arrays.<Map<String, Class<?>>>asList(Map.of(), null, Map.of("X", String.class))) {
            calls.attempt(() -> array.getArray(map));
            calls.attempt(() -> array.getArray(1, 2, map));
            calls.attempt(() -> Results.dump(array.getResultSet(map)));
            calls.attempt(() -> Results.dump(array.getResultSet(1, 2, map)));
        }
        array.getArray();
        for (long[] part : new long[][] {{1, 2}, {2, 9}, {0, 1}, {9, 1}, {1, -1}}) {
            calls.attempt(() -> array.getArray(part[0], (int) part[1]));
            calls.attempt(() -> Results.dump(array.getResultSet(part[0], (int) part[1])));
        }
        Results.dump(array.getResultSet());
        array.free();
        calls.attempt(array::getArray);
        calls.attempt(array::free);
    }
}
