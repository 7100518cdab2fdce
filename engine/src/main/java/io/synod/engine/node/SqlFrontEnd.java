package io.synod.engine.node;

import io.synod.engine.database.Errors;
import io.synod.engine.server.ConnectionPlaces;
import io.synod.engine.server.SqlServer;
import io.synod.replica.Questions;
import io.synod.transport.ForeignProtocol;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.sql.SQLException;

/** The SQL servers of a node: one on its SQL port, one behind its peer port for sessions that other nodes forward. */
final class SqlFrontEnd implements ForeignProtocol, AutoCloseable {
    private volatile SqlServer behindPeers;
    private volatile SqlServer listening;
    private volatile VanishedNodes vanished;

    /**
     * @param address {@code host:port}; {@code null} for no port
     * @throws SQLException 90061 when the port cannot be bound
     */
    void start(String address, Node node) throws SQLException {
        ConnectionPlaces places = new ConnectionPlaces(node.config().connectionsMax());
        behindPeers = SqlServer.withoutPort(node, places);
        if (address != null) {
            try {
                listening = SqlServer.start(NodeConfig.host(address), NodeConfig.port(address), node, places);
            } catch (IOException e) {
                throw Errors.portInUse(e.getMessage(), e);
            }
        }
    }

    int port() {
        return listening == null ? -1 : listening.port();
    }

    /** From now on sessions do not outlive their nodes for long. Without effect where no other node reaches this one. */
    void endVanished(NodeConfig config, CurrentMembers members, Questions questions) {
        if (config.isReachable()) {
            vanished = VanishedNodes.of(members, questions, this);
            vanished.start();
        }
    }

    /** @return how many sessions that the node of this slot has open here are ended */
    int endSessionsOf(int slot) {
        SqlServer server = behindPeers;
        return server == null ? 0 : server.endSessionsOf(slot);
    }

    @Override
    public boolean serve(Socket socket, InputStream in) {
        SqlServer server = behindPeers;
        return server != null && server.serve(socket, in);
    }

    @Override
    public void close() throws IOException {
        if (vanished != null) {
            vanished.close();
        }
        if (listening != null) {
            listening.close();
        }
        if (behindPeers != null) {
            behindPeers.close();
        }
    }
}
