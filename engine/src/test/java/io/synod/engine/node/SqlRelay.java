package io.synod.engine.node;

import java.io.IOException;

/** A way to a node's SQL port that can be lost: what stands breaks, and nothing comes through any more. */
final class SqlRelay implements AutoCloseable {
    private final HoldingRelay relay;

    SqlRelay(String sqlAddress) throws IOException {
        relay = new HoldingRelay(Integer.parseInt(sqlAddress.substring(sqlAddress.lastIndexOf(':') + 1)));
    }

    String address() {
        return "127.0.0.1:" + relay.port();
    }

    void lose() throws IOException {
        relay.close();
    }

    @Override
    public void close() throws IOException {
        relay.close();
    }
}
