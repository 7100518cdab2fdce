package io.synod.replica;

import io.synod.paxos.Message;
import io.synod.transport.Envelope;
import io.synod.transport.Transport;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.UnaryOperator;

/** A transport whose node can be cut off silently: connections stay, messages vanish, in both directions. */
final class CuttableTransport implements Transport {
    private final Transport inner;
    private final AtomicLong questions = new AtomicLong();
    private volatile boolean cut;
    private volatile UnaryOperator<Message> arriving = UnaryOperator.identity();

    CuttableTransport(Transport inner) {
        this.inner = inner;
    }

    /** How often this node has asked a leader at which index it may read. */
    long questions() {
        return questions.get();
    }

    private void count(Message message) {
        if (message instanceof Message.ReadIndex) {
            questions.incrementAndGet();
        }
    }

    /** What becomes of a control message that arrives; {@code null} loses it. */
    void arriving(UnaryOperator<Message> change) {
        arriving = change;
    }

    void cut(boolean off) {
        cut = off;
    }

    @Override
    public void start(Receiver receiver) {
        inner.start(new Receiver() {
            @Override
            public void onData(int fromSlot, long group, Message message, boolean more) {
                if (!cut) {
                    receiver.onData(fromSlot, group, message, more);
                }
            }

            @Override
            public void onControl(int fromSlot, long group, Message message) {
                Message changed = cut ? null : arriving.apply(message);
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
        return cut || inner.sendData(toSlot, group, message);
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
