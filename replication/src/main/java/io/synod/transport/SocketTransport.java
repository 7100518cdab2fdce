package io.synod.transport;

import io.synod.group.Invariant;
import io.synod.group.Member;
import io.synod.group.Members;
import io.synod.paxos.Message;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.UnknownHostException;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Two plain blocking connections per pair of nodes: <em>data</em> (entries and acknowledgements) and <em>control</em>
 * (heartbeats, votes), which never waits behind data. The node with the smaller slot dials, again and again with
 * a jittered back-off; the other one accepts. Each connection has one thread that reads it ({@code synod-peer-b-data}) and
 * hands over what it read on that thread.
 *
 * <p>The port may serve another protocol as well: what does not begin with our magic goes to the {@link ForeignProtocol}.
 */
public final class SocketTransport implements Transport {
    private static final Logger LOG = LoggerFactory.getLogger(SocketTransport.class);
    private static final long JOIN_MILLIS = 2_000;

    /**
     * Who we are.
     *
     * @param clusterId the same on all nodes of a cluster and different between clusters
     * @param members names, slots and addresses of all nodes
     * @param incarnation identity of this node's data directory
     * @param clientAddress {@code host:port} where clients reach this node, empty for nowhere; told to the peers
     * @param joins whether this node was added, or is to be, to those that began the cluster: they need not have the same members
     */
    public record Identity(
            String clusterId, Members members, int selfSlot, UUID incarnation, String clientAddress, boolean joins) {
        /** One of those that began the cluster. */
        public Identity(String clusterId, Members members, int selfSlot, UUID incarnation, String clientAddress) {
            this(clusterId, members, selfSlot, incarnation, clientAddress, false);
        }

        /** A node that clients do not reach. */
        public Identity(String clusterId, Members members, int selfSlot, UUID incarnation) {
            this(clusterId, members, selfSlot, incarnation, "");
        }

        public Identity {
            Invariant.that(
                    members.bySlot(selfSlot) != null,
                    "slot %d is not one of %d members",
                    selfSlot,
                    members.all().size());
        }

        Member self() {
            return members.bySlot(selfSlot);
        }
    }

    private final Identity identity;
    private final ServerSocket listener;
    private final PeerConnections connections;
    private final Map<Integer, Peer> peers = new ConcurrentHashMap<>();
    private final PeerAcceptor acceptor;

    /**
     * @param listener bound already, see {@link #listen}; closed with this transport
     * @param foreign {@code null} where the port serves peers only
     * @param random for the jitter of reconnects
     */
    public SocketTransport(
            Identity identity,
            ServerSocket listener,
            ForeignProtocol foreign,
            PeerIdentities identities,
            LongSupplier nanoClock,
            RandomGenerator random) {
        this.identity = identity;
        this.listener = listener;
        for (Member member : identity.members().all()) {
            if (member.slot() != identity.selfSlot()) {
                peers.put(member.slot(), new Peer(member, false));
            }
        }
        Handshake handshake = new Handshake(identity, peers, identities);
        this.connections = new PeerConnections(handshake, nanoClock, random);
        this.acceptor = new PeerAcceptor(listener, connections, peers, foreign);
    }

    /**
     * Binds the peer port.
     *
     * @param address {@code host:port}; port 0 takes a free one
     * @throws IOException naming the address when it cannot be bound
     */
    public static ServerSocket listen(String address) throws IOException {
        ServerSocket socket = new ServerSocket();
        try {
            socket.setReuseAddress(true);
            socket.bind(parse(address));
            return socket;
        } catch (IOException e) {
            socket.close();
            throw new IOException(
                    "cannot listen on " + address + " (" + e.getMessage()
                            + "): is another node running there? Stop it or choose another port",
                    e);
        }
    }

    /** @throws IOException when it is not {@code host:port} or the host cannot be resolved */
    static InetSocketAddress parse(String address) throws IOException {
        int colon = address.lastIndexOf(':');
        try {
            if (colon > 0) {
                String host = address.substring(0, colon);
                if (host.startsWith("[") && host.endsWith("]")) {
                    host = host.substring(1, host.length() - 1);
                }
                InetSocketAddress parsed = new InetSocketAddress(host, Integer.parseInt(address.substring(colon + 1)));
                if (parsed.isUnresolved()) {
                    throw new IOException("host of address '" + address + "' is not known; correct the name");
                }
                return parsed;
            }
        } catch (IllegalArgumentException e) {
            throw new IOException("address '" + address + "', expected host:port", e);
        }
        throw new IOException("address '" + address + "', expected host:port");
    }

    /** Whether {@code host:port} stands for all interfaces of a machine: to listen on, and no place that others can dial. */
    public static boolean isWildcard(String address) {
        String host = address.substring(0, Math.max(0, address.lastIndexOf(':')));
        if (host.startsWith("[") && host.endsWith("]")) {
            host = host.substring(1, host.length() - 1);
        }
        // Nobody is asked for what a name stands for.
        if (host.indexOf(':') < 0 && !host.matches("[0-9]{1,10}(\\.[0-9]{1,3}){0,3}")) {
            return host.isEmpty();
        }
        try {
            return InetAddress.getByName(host).isAnyLocalAddress();
        } catch (UnknownHostException e) {
            LOG.debug("address {} is none", address, e);
            return false;
        }
    }

    /** Neither dials peers nor lets them in until it {@link #speak speaks}; others are served. To be called before the start. */
    public void quiet() {
        connections.quiet(true);
    }

    @Override
    public synchronized void speak() {
        if (connections.isQuiet()) {
            connections.quiet(false);
            peers.values().forEach(this::dial);
        }
    }

    @Override
    public synchronized void start(Receiver receiver) {
        connections.start(receiver);
        acceptor.start();
        peers.values().forEach(this::dial);
        LOG.info("node {} listens for peers on {}", identity.self().name(), listener.getLocalSocketAddress());
    }

    private void dial(Peer peer) {
        if (!connections.isQuiet() && identity.selfSlot() < peer.member.slot()) {
            connections.dial(peer, Hello.Kind.DATA);
            connections.dial(peer, Hello.Kind.CONTROL);
        }
    }

    @Override
    public synchronized void addPeer(Member member) {
        if (member.slot() == identity.selfSlot() || connections.isClosed()) {
            return;
        }
        Peer before = peers.get(member.slot());
        if (before != null && !before.added) {
            before.isAlsoAt(member.address());
            before.is(member.incarnation());
            return;
        }
        if (before != null
                && before.member.name().equals(member.name())
                && before.member.address().equals(member.address())) {
            before.is(member.incarnation());
            return;
        }
        if (before != null) {
            before.remove();
        }
        Peer peer = new Peer(member, true);
        peers.put(member.slot(), peer);
        LOG.info("node {} at {} is a peer from now on", member.name(), member.address());
        dial(peer);
    }

    @Override
    public synchronized void removePeer(int slot) {
        Peer peer = peers.remove(slot);
        if (peer != null) {
            peer.remove();
            LOG.info("node {} is no peer any more", peer.member.name());
        }
    }

    @Override
    public Collection<Integer> peers() {
        return List.copyOf(peers.keySet());
    }

    @Override
    public String selfName() {
        return identity.self().name();
    }

    @Override
    public String peerName(int slot) {
        Peer peer = peers.get(slot);
        return peer == null ? "" : peer.member.name();
    }

    @Override
    public void sendControl(int toSlot, long group, Message message) {
        Lane lane = lane(toSlot, Hello.Kind.CONTROL);
        if (lane != null) {
            lane.send(group, message);
        }
    }

    @Override
    public void sendControl(int toSlot, List<Envelope> messages) {
        Lane lane = lane(toSlot, Hello.Kind.CONTROL);
        if (lane == null) {
            return;
        }
        for (int from = 0; from < messages.size(); from += FrameCodec.MAX_PARTS) {
            lane.send(messages.subList(from, Math.min(messages.size(), from + FrameCodec.MAX_PARTS)));
        }
    }

    @Override
    public boolean sendData(int toSlot, long group, Message message) {
        Lane lane = lane(toSlot, Hello.Kind.DATA);
        return lane != null && lane.send(group, message);
    }

    @Override
    public void holdData() {
        for (Peer peer : peers.values()) {
            Lane lane = peer.lane(Hello.Kind.DATA);
            if (lane != null) {
                lane.hold();
            }
        }
    }

    @Override
    public void releaseData() {
        for (Peer peer : peers.values()) {
            Lane lane = peer.lane(Hello.Kind.DATA);
            if (lane != null) {
                lane.release();
            }
        }
    }

    private Lane lane(int slot, Hello.Kind kind) {
        Peer peer = peers.get(slot);
        if (peer == null) {
            return null;
        }
        peer.closeIfStalled();
        return peer.lane(kind);
    }

    @Override
    public boolean connected(int slot) {
        Peer peer = peers.get(slot);
        return peer != null && peer.connected();
    }

    @Override
    public long connections(int slot) {
        Peer peer = peers.get(slot);
        return peer == null ? 0 : peer.connections();
    }

    @Override
    public String clientAddress(int slot) {
        Peer peer = peers.get(slot);
        return peer == null ? identity.clientAddress() : peer.clientAddress();
    }

    @Override
    public void close() {
        connections.close();
        try {
            listener.close();
        } catch (IOException e) {
            LOG.debug("closing the peer port failed", e);
        }
        peers.values().forEach(Peer::close);
        connections.join(JOIN_MILLIS);
    }
}
