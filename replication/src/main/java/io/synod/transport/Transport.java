package io.synod.transport;

import io.synod.paxos.Message;

/**
 * Carries messages to peers. Losing one is fine, altering or inventing one is not. {@link #sendControl} never blocks for
 * long; {@link #sendData} may block for as long as the peer's window is open and its socket buffer full.
 */
public interface Transport extends AutoCloseable {

    /** Receives what peers send; called by the thread that read it. */
    interface Receiver {
        /** A frame of the data connection; {@code more} says that another one is already readable, so a force can wait for it. */
        void onData(int fromSlot, long group, Message message, boolean more);

        void onControl(int fromSlot, long group, Message message);

        /** The connection was reset or refused. */
        void onPeerDown(int slot);
    }

    /** Drops the message when there is no connection or its small queue is full. */
    void sendControl(int toSlot, long group, Message message);

    /**
     * Writes on the caller's thread.
     *
     * @return false when the message was dropped: no connection, or the peer's window is full
     */
    boolean sendData(int toSlot, long group, Message message);

    @Override
    void close();
}
