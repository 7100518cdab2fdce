package io.synod.engine.jdbc;

import java.util.concurrent.atomic.AtomicInteger;

class MemoryUrlTest extends JdbcContract {
    private static final AtomicInteger COUNT = new AtomicInteger();
    private final String url = "jdbc:synod:mem:contract" + COUNT.incrementAndGet();

    @Override
    String url() {
        return url;
    }

    @Override
    void cleanUp() {
        // Gone with its last connection.
    }
}
