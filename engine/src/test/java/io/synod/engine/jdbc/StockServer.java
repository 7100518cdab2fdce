package io.synod.engine.jdbc;

import java.sql.SQLException;
import java.util.concurrent.atomic.AtomicInteger;
import org.h2.tools.Server;

/** A TCP server of stock H2 in this JVM, with databases in memory. */
final class StockServer implements AutoCloseable {
    private static final AtomicInteger DATABASES = new AtomicInteger();

    private final Server server;

    StockServer() throws SQLException {
        server = Server.createTcpServer("-tcpPort", "0", "-ifNotExists").start();
    }

    /** The URL of a new database. */
    String url() {
        return "jdbc:h2:tcp://127.0.0.1:" + server.getPort() + "/mem:stock" + DATABASES.incrementAndGet();
    }

    @Override
    public void close() {
        server.stop();
    }
}
