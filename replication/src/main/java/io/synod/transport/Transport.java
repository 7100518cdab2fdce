package io.synod.transport;

import io.synod.group.Member;
import io.synod.paxos.Message;
import java.util.Collection;
import java.util.List;

/**
 * Carries messages to peers. Losing one is fine, altering or inventing one is not. Messages of one kind to one peer
 * arrive in the order in which they were sent, as far as they arrive. No send ever waits for a peer. Thread-safe.
 */
public interface Transport extends AutoCloseable {

    /** Receives what peers send; called by the thread that read it. */
    interface Receiver {
        /** A frame of the data connection; {@code more} says that another one is already read, so a force can wait for it. */
        void onData(int fromSlot, long group, Message message, boolean more);

        void onControl(int fromSlot, long group, Message message);

        /** The connection was reset or refused. */
        void onPeerDown(int slot);
    }

    /** To be called once, before anything is sent; from now on the receiver is called. */
    void start(Receiver receiver);

    /**
     * Peers may be talked to from now on. Until then one that was made to be quiet neither says nor hears anything, which for peers is as if
     * it were not there. Without effect for others.
     */
    default void speak() {}

    /** Drops the oldest messages where the peer does not take them. */
    void sendControl(int toSlot, long group, Message message);

    /** The same for messages of several groups, which share a frame. */
    void sendControl(int toSlot, List<Envelope> messages);

    /**
     * Writes on the caller's thread as long as the peer keeps up, else leaves it to a thread of that peer.
     *
     * @return false when the message was dropped: no connection, or the peer's window is full
     */
    boolean sendData(int toSlot, long group, Message message);

    /**
     * What is sent as data from now on leaves for each peer at once, when it is released, and is read there at once. By one thread at a
     * time, which does nothing else in between.
     */
    default void holdData() {}

    /** Ends {@link #holdData}. */
    default void releaseData() {}

    /** Whether both connections to this peer stand. */
    boolean connected(int slot);

    /** Another number once this peer was connected again: between two looks a connection may have come and gone. */
    default long connections(int slot) {
        return 0;
    }

    /**
     * This node is a peer from now on: it is dialled or may connect, with this slot, name and incarnation only. Without effect for one that
     * is a peer already.
     */
    default void addPeer(Member peer) {}

    /** One is no peer any more: its connections are closed, it is not dialled, and it is refused. */
    default void removePeer(int slot) {}

    /** Slots of the peers: those that were given when it was made, and those that were {@link #addPeer added}, without those that were removed. */
    default Collection<Integer> peers() {
        return List.of();
    }

    /** Name of this node; empty where the transport does not tell nodes by their names. */
    default String selfName() {
        return "";
    }

    /** Name of that peer; empty where it is none. */
    default String peerName(int slot) {
        return "";
    }

    /** {@code host:port} where clients reach that node, as it has said; empty where it has not, or has no such place. */
    default String clientAddress(int slot) {
        return "";
    }

    /** Nothing is sent any more, and nothing received once this returned (except by the calling thread). */
    @Override
    void close();
}
