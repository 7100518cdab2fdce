package io.synod.replica;

import io.synod.group.Entry;
import io.synod.log.DamagedEntryException;
import io.synod.log.EntryLog;
import io.synod.paxos.GroupState;
import io.synod.paxos.Message;
import io.synod.paxos.Role;
import io.synod.transport.Transport;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Entries of one group on their way to one peer. They leave in the order in which the protocol shipped them, whichever
 * threads it ran on: an entry that overtakes another one is refused by the follower and costs a round of probing.
 *
 * <p>Whoever shipped drains the outbox as far as the entries are in memory and the peer takes them; from the first that
 * must be read from the log or does not fit into the peer's window, the {@link Feeder} goes on. What does not reach the
 * peer is lost, and shipped again by the protocol.
 */
final class PeerOutbox {
    private static final Logger LOG = LoggerFactory.getLogger(PeerOutbox.class);

    private static final int CHUNK_BYTES = 256 << 10;
    private static final int DONATION_BYTES = 1 << 20;
    private static final int ITEMS_MAX = 1024;
    /** A slow peer's entries beyond this are read from the log again, when their turn has come. */
    private static final int HELD_BYTES_MAX = 1 << 20;

    /** How a feeding step went. */
    enum Fed {
        /** Something left, more is there. */
        MORE,
        /** The peer's window is full. */
        BLOCKED,
        /** Nothing is left; the outbox is out of the feeder's hands. */
        DONE
    }

    /** A range to send; {@code header} is an Accept or a Fetched, {@code entries} is null where the log must be read. */
    private static final class Item {
        final Message header;
        final long to;
        /** Of the entries that it came with. */
        final int heldBytes;

        long next;
        long prevEpoch;
        List<Entry> entries;

        Item(Message header, long prevEpoch, long from, long to, List<Entry> entries, int heldBytes) {
            this.header = header;
            this.heldBytes = heldBytes;
            this.prevEpoch = prevEpoch;
            this.next = from;
            this.to = to;
            this.entries = entries;
        }
    }

    private final LockedState state;
    private final UnforcedTail tail;
    private final EntryLog log;
    private final long group;
    private final int slot;
    private final Transport transport;
    private final Feeder feeder;

    private final ConcurrentLinkedQueue<Item> queue = new ConcurrentLinkedQueue<>();
    private final AtomicInteger size = new AtomicInteger();
    private final AtomicLong held = new AtomicLong();
    private final AtomicBoolean busy = new AtomicBoolean();

    /** @param tail of the log, under the lock of {@code state} */
    PeerOutbox(
            LockedState state,
            UnforcedTail tail,
            EntryLog log,
            long group,
            int slot,
            Transport transport,
            Feeder feeder) {
        this.state = state;
        this.tail = tail;
        this.log = log;
        this.group = group;
        this.slot = slot;
        this.transport = transport;
        this.feeder = feeder;
    }

    /** Called under the group's lock. */
    void ship(Message.Accept header, long from, long to, List<Entry> entries) {
        int bytes = 0;
        for (int i = 0; entries != null && i < entries.size(); i++) {
            bytes += entries.get(i).size();
        }
        boolean holds = entries != null && (size.get() == 0 || held.get() + bytes <= HELD_BYTES_MAX);
        offer(new Item(header, header.prevEpoch(), from, to, holds ? entries : null, holds ? bytes : 0));
    }

    /** Called under the group's lock. */
    void donate(Message.Fetched header, long from, long to) {
        offer(new Item(header, header.prevEpoch(), from, to, null, 0));
    }

    private void offer(Item item) {
        if (size.get() < ITEMS_MAX) {
            held.addAndGet(item.heldBytes);
            queue.add(item);
            size.incrementAndGet();
        }
    }

    /** Sends what can be sent without waiting and without reading. Called without locks. */
    void drain() {
        while (size.get() > 0 && busy.compareAndSet(false, true)) {
            boolean done = false;
            try {
                done = sendFromMemory();
            } catch (Throwable e) {
                // Whoever called may go on without this peer, which must not be without whoever sends. What could not
                // be
                // sent is lost.
                remove();
                busy.set(false);
                throw e;
            }
            if (!done) {
                feeder.add(this);
                return;
            }
            busy.set(false);
        }
    }

    /** @return false when the rest is for the feeder */
    private boolean sendFromMemory() {
        Item item;
        while ((item = queue.peek()) != null) {
            if (!transport.connected(slot)) {
                remove();
                continue;
            }
            if (item.entries == null || !send(item)) {
                return false;
            }
        }
        return true;
    }

    /** One step of the feeder. */
    Fed feed() {
        Item item = queue.peek();
        if (item == null) {
            busy.set(false);
            // Free, then look.
            return size.get() > 0 && busy.compareAndSet(false, true) ? Fed.MORE : Fed.DONE;
        }
        if (!transport.connected(slot)) {
            remove();
            return Fed.MORE;
        }
        if (item.entries == null && !load(item)) {
            remove();
            return Fed.MORE;
        }
        return send(item) ? Fed.MORE : Fed.BLOCKED;
    }

    private void remove() {
        Item item = queue.poll();
        if (item != null) {
            held.addAndGet(-item.heldBytes);
            size.decrementAndGet();
        }
    }

    private boolean load(Item item) {
        int bytes = item.header instanceof Message.Fetched ? DONATION_BYTES : CHUNK_BYTES;
        try {
            List<Entry> entries = read(item.next, item.to, bytes);
            // Looked at after the read: what was read under a leadership that is over may be another leader's entries.
            if (!mayStillSend(item.header)) {
                return false;
            }
            item.entries = entries;
            return true;
        } catch (IOException e) {
            // Voided meanwhile, by another leader, or damaged: the log says so, forgets it, and that member gets a
            // snapshot.
            if (!(e instanceof DamagedEntryException) && mayStillSend(item.header) && !forgot(item.next)) {
                LOG.error("cannot send entries {} to {} of group {} to slot {}", item.next, item.to, group, slot, e);
            }
            return false;
        }
    }

    /**
     * Entries of this group wherever they are: in the log, or still on their way there.
     *
     * @return not all of them where they are many, at least one
     */
    private List<Entry> read(long from, long to, int maxBytes) throws IOException {
        long[] endInLog = {to};
        List<Entry> unforced = state.inspect(s -> {
            if (from < tail.first()) {
                endInLog[0] = Math.min(to, tail.first() - 1);
            }
            return tail.range(from, to);
        });
        return unforced != null ? unforced : log.read(group, from, endInLog[0], maxBytes);
    }

    /** Whether entries that were read from the log just now may be sent under this header. */
    private boolean mayStillSend(Message header) {
        return state.inspect(s -> {
            if (header instanceof Message.Accept accept) {
                return s.role() == Role.LEADER && s.leaderEpoch() == accept.epoch();
            }
            Message.Fetched fetched = (Message.Fetched) header;
            return s.promisedEpoch() == fetched.epoch() && s.leaderEpoch() != fetched.epoch();
        });
    }

    /** Whether the log begins behind this entry by now. */
    private boolean forgot(long index) {
        return state.inspect(GroupState::baseIndex) >= index;
    }

    /**
     * Sends what the item holds in memory, and removes it when that was all.
     *
     * @return false when the peer's window is full
     */
    private boolean send(Item item) {
        if (item.header instanceof Message.Fetched m) {
            Message.Fetched whole =
                    new Message.Fetched(m.epoch(), m.ok(), m.prevIndex(), m.prevEpoch(), item.entries, m.base());
            if (transport.sendData(slot, group, whole)) {
                remove();
                return true;
            }
            return false;
        }
        Message.Accept header = (Message.Accept) item.header;
        while (item.next <= item.to) {
            List<Entry> chunk = chunk(item);
            if (chunk.isEmpty()) {
                item.entries = null;
                return true;
            }
            if (!transport.sendData(slot, group, withEntries(header, item, chunk))) {
                return false;
            }
            Entry last = chunk.get(chunk.size() - 1);
            item.next = last.index() + 1;
            item.prevEpoch = last.epoch();
        }
        remove();
        return true;
    }

    private static List<Entry> chunk(Item item) {
        List<Entry> entries = item.entries;
        if (entries.isEmpty() || entries.get(entries.size() - 1).index() < item.next) {
            return List.of();
        }
        int start = (int) (item.next - entries.get(0).index());
        int end = start;
        int bytes = 0;
        while (end < entries.size() && (end == start || bytes + entries.get(end).size() <= CHUNK_BYTES)) {
            bytes += entries.get(end++).size();
        }
        return start == 0 && end == entries.size() ? entries : new ArrayList<>(entries.subList(start, end));
    }

    private static Message.Accept withEntries(Message.Accept h, Item item, List<Entry> entries) {
        return new Message.Accept(
                h.epoch(),
                item.next - 1,
                item.prevEpoch,
                entries,
                h.commit(),
                h.sentAtNanos(),
                h.seq(),
                h.leaseNanos(),
                h.quorumAgeNanos(),
                h.allHave());
    }
}
