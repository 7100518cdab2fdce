package io.synod.replica;

import io.synod.group.Member;
import io.synod.paxos.Message;
import io.synod.transport.Envelope;
import io.synod.transport.Transport;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.UnaryOperator;

/** A transport whose node can be cut off silently: connections stay, messages vanish, in both directions. */
final class CuttableTransport implements Transport {
    private final Transport inner;
    private final Set<Long> questions = ConcurrentHashMap.newKeySet();
    private volatile boolean cut;
    private volatile boolean losesEntries;
    private volatile Error sending;
    private volatile long deafTo;
    private volatile UnaryOperator<Message> arriving = UnaryOperator.identity();

    CuttableTransport(Transport inner) {
        this.inner = inner;
    }

    /** How often this node has asked a leader at which index it may read; a question that is sent again is the same one. */
    int questions() {
        return questions.size();
    }

    private void count(Message message) {
        if (message instanceof Message.ReadIndex question) {
            questions.add(question.ticket());
        }
    }

    /** What becomes of a control message that arrives; {@code null} loses it. */
    void arriving(UnaryOperator<Message> change) {
        arriving = change;
    }

    /** Entries that arrive are lost; all else gets through. */
    void loseEntries(boolean now) {
        losesEntries = now;
    }

    /** The next entries to be sent end with this instead. */
    void failOnce(Error with) {
        sending = with;
    }

    /** Word to take this group over is lost; 0 for none. */
    void deaf(long group) {
        deafTo = group;
    }

    void cut(boolean off) {
        cut = off;
    }

    @Override
    public void start(Receiver receiver) {
        inner.start(new Receiver() {
            @Override
            public void onData(int fromSlot, long group, Message message, boolean more) {
                if (!cut && !losesEntries) {
                    receiver.onData(fromSlot, group, message, more);
                }
            }

            @Override
            public void onControl(int fromSlot, long group, Message message) {
                boolean lost = cut || group == deafTo && message instanceof Message.TransferNow;
                Message changed = lost ? null : arriving.apply(message);
                if (changed != null) {
                    receiver.onControl(fromSlot, group, changed);
                }
            }

            @Override
            public void onPeerDown(int slot) {
                receiver.onPeerDown(slot);
            }
        });
    }

    @Override
    public void sendControl(int toSlot, long group, Message message) {
        count(message);
        if (!cut) {
            inner.sendControl(toSlot, group, message);
        }
    }

    @Override
    public void sendControl(int toSlot, List<Envelope> messages) {
        messages.forEach(envelope -> count(envelope.message()));
        if (!cut) {
            inner.sendControl(toSlot, messages);
        }
    }

    @Override
    public boolean sendData(int toSlot, long group, Message message) {
        Error failure = sending;
        if (failure != null && message instanceof Message.Accept) {
            sending = null;
            throw failure;
        }
        return cut || inner.sendData(toSlot, group, message);
    }

    @Override
    public void holdData() {
        inner.holdData();
    }

    @Override
    public void releaseData() {
        inner.releaseData();
    }

    @Override
    public void addPeer(Member peer) {
        inner.addPeer(peer);
    }

    @Override
    public void removePeer(int slot) {
        inner.removePeer(slot);
    }

    @Override
    public Collection<Integer> peers() {
        return inner.peers();
    }

    @Override
    public boolean connected(int slot) {
        return inner.connected(slot);
    }

    @Override
    public void close() {
        inner.close();
    }
}
