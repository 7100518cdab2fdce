package io.synod.engine.node;

import io.synod.engine.database.Errors;
import io.synod.log.EntryLog;
import io.synod.log.LogLockedException;
import io.synod.log.MemoryEntryLog;
import io.synod.paxos.Timing;
import io.synod.replica.ReplicaNode;
import io.synod.transport.SocketTransport;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.AccessDeniedException;
import java.sql.SQLException;
import java.util.SplittableRandom;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Starts a node: its log, its identity, its place in the cluster, its ports. */
final class NodeStart {
    private static final Logger LOG = LoggerFactory.getLogger(NodeStart.class);

    private NodeStart() {}

    /**
     * Starts a node; its databases are opened after that.
     *
     * @throws SQLException 90020 another process or node has the directory, 90031 it cannot be written or its log not be
     *     read, 90061 a port is in use, 90096 the directory belongs to another node, or another one has taken its place, 55000 it is to join and was not added, or
     *     to come back and that is not possible now
     */
    static Node start(NodeConfig config) throws SQLException {
        EntryLog log = null;
        ServerSocket listener = null;
        SqlFrontEnd sql = null;
        try {
            IdentityFile identity = null;
            if (config.directory() == null) {
                log = new MemoryEntryLog();
            } else {
                NodeDirectory directory = NodeDirectory.open(config);
                log = directory.log();
                identity = directory.identity();
            }
            sql = new SqlFrontEnd();
            SocketTransport transport = null;
            SplittableRandom random = new SplittableRandom();
            NodePlace place = identity == null ? NodePlace.beginning(config) : new Returning(config, identity).place();
            if (config.isReachable()) {
                listener = listen(config.listen());
                transport = new SocketTransport(
                        new SocketTransport.Identity(
                                config.cluster(),
                                place.known(),
                                place.slot(),
                                identity.incarnation(),
                                config.clientAddress(),
                                place.joined()),
                        listener,
                        sql,
                        identity,
                        System::nanoTime,
                        random.split());
                if (!identity.comingBack().mayVote()) {
                    transport.quiet();
                }
            }
            ReplicaNode replicas = new ReplicaNode(
                    log,
                    transport,
                    Timing.patient(config.electionTimeoutMillis()),
                    config.logLimits(),
                    System::nanoTime,
                    random.split());
            Node node = new Node(config, place, identity, log, replicas, sql);
            sql.start(config.sql(), node);
            node.begin();
            if (WarmUp.isFor(config) && !node.isWitness()) {
                node.addRoleListener(new WarmUp(node::isClosed));
            }
            return node;
        } catch (IOException | SQLException | RuntimeException e) {
            closeQuietly(sql);
            closeQuietly(listener);
            closeQuietly(log);
            throw e instanceof SQLException s ? s : explained(config, e);
        }
    }

    private static ServerSocket listen(String address) throws SQLException {
        try {
            return SocketTransport.listen(address);
        } catch (IOException e) {
            throw Errors.portInUse(e.getMessage(), e);
        }
    }

    private static SQLException explained(NodeConfig config, Exception e) {
        if (e instanceof LogLockedException locked) {
            return Errors.inUse(String.valueOf(config.directory()), locked.holder(), e);
        }
        if (e instanceof AccessDeniedException) {
            return Errors.notWritable(String.valueOf(config.directory()), e);
        }
        return Errors.cannotStart(config.name(), e);
    }

    static void closeQuietly(AutoCloseable resource) {
        if (resource != null) {
            try {
                resource.close();
            } catch (Exception e) {
                LOG.debug("closing after a failed start", e);
            }
        }
    }
}
