package io.synod.replica;

import io.synod.group.Base;
import io.synod.group.Entry;
import io.synod.log.EntryLog;
import io.synod.paxos.Effects;
import io.synod.paxos.Message;
import io.synod.paxos.Role;
import io.synod.transport.Envelope;
import io.synod.transport.Transport;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What one step of a group wants done. Persist effects and entries to ship are put in their queues at once, under the
 * group's lock, because their order counts; the rest is kept until the lock is free and then carried out by the same
 * thread. The commit index and the role are read from the state after the step, so nothing is done for them here.
 */
final class StepEffects implements Effects {
    private record Control(int slot, Message message) {}

    private record Offer(int slot, long atLeast) {}

    private record Answer(long ticket, long index) {}

    private static final long NOT_READABLE = -1;
    private static final Logger LOG = LoggerFactory.getLogger(StepEffects.class);

    private final Replica replica;
    private final PersistQueue persist;
    private List<Control> controls;
    private List<Control> acknowledgements;
    private List<Answer> answers;
    private List<Offer> offers;
    private List<PeerOutbox> shipped;
    private List<String> notices;
    private Entry lastAppended;
    /** The configuration without this member; negative where none said so in this step. */
    private long removedBy = -1;

    StepEffects(Replica replica, PersistQueue persist) {
        this.replica = replica;
        this.persist = persist;
    }

    Entry lastAppended() {
        return lastAppended;
    }

    // ------------------------------------------------------------------ under the group's lock

    @Override
    public void append(Entry entry) {
        lastAppended = entry;
        replica.tail().add(entry);
        persist.add(
                replica,
                EntryLog.Append.entry(replica.group(), entry),
                persist.waits() ? replica.applyPath().siblings(entry) : null);
    }

    @Override
    public void promise(long epoch) {
        persist.add(replica, EntryLog.Append.promise(replica.group(), epoch));
    }

    @Override
    public void base(Base base, boolean voids) {
        replica.tail().begin(base.index(), voids);
        persist.add(replica, EntryLog.Append.base(replica.group(), base, voids));
    }

    @Override
    public void offerSnapshot(int toSlot, long atLeast) {
        if (offers == null) {
            offers = new ArrayList<>(1);
        }
        offers.add(new Offer(toSlot, atLeast));
    }

    @Override
    public void send(int toSlot, Message message) {
        if (controls == null) {
            controls = new ArrayList<>(4);
        }
        controls.add(new Control(toSlot, message));
    }

    @Override
    public void ship(int toSlot, Message.Accept accept, long from, long to) {
        PeerOutbox outbox = replica.outbox(toSlot);
        if (outbox != null) {
            outbox.ship(accept, from, to, replica.tail().range(from, to));
            shipped(outbox);
        }
    }

    @Override
    public void donate(int toSlot, Message.Fetched header, long from, long to) {
        PeerOutbox outbox = replica.outbox(toSlot);
        if (outbox != null) {
            outbox.donate(header, from, to);
            shipped(outbox);
        }
    }

    private void shipped(PeerOutbox outbox) {
        if (shipped == null) {
            shipped = new ArrayList<>(4);
        }
        shipped.add(outbox);
    }

    @Override
    public void accepted(int toSlot, Message.Accepted accepted) {
        if (acknowledgements == null) {
            acknowledgements = new ArrayList<>(1);
        }
        acknowledgements.add(new Control(toSlot, accepted));
    }

    @Override
    public void committed(long index) {}

    @Override
    public void roleChanged(Role role, long epoch, int leaderSlot) {}

    @Override
    public void removed(long configuration) {
        removedBy = configuration;
    }

    @Override
    public void notice(String what) {
        if (notices == null) {
            notices = new ArrayList<>(1);
        }
        notices.add(what);
    }

    @Override
    public void readable(long ticket, long index) {
        answer(ticket, index);
    }

    @Override
    public void notReadable(long ticket, int leaderHint) {
        answer(ticket, NOT_READABLE);
    }

    private void answer(long ticket, long index) {
        if (answers == null) {
            answers = new ArrayList<>(4);
        }
        answers.add(new Answer(ticket, index));
    }

    // ------------------------------------------------------------------ without locks

    /** Has its group carry it out, now. */
    void conclude() {
        replica.conclude(this);
    }

    /**
     * @param collected where control messages are gathered per peer instead of being sent; {@code null} to send them
     */
    void carryOut(Transport transport, Map<Integer, List<Envelope>> collected) {
        if (shipped != null) {
            shipped.forEach(PeerOutbox::drain);
        }
        if (acknowledgements != null && transport != null) {
            for (Control ack : acknowledgements) {
                transport.sendData(ack.slot, replica.group(), ack.message);
            }
        }
        if (controls != null && transport != null) {
            for (Control control : controls) {
                if (collected == null) {
                    transport.sendControl(control.slot, replica.group(), control.message);
                } else {
                    collected
                            .computeIfAbsent(control.slot, slot -> new ArrayList<>())
                            .add(new Envelope(replica.group(), control.message));
                }
            }
        }
        if (notices != null) {
            // Of a node without peers there is nothing to follow: it leads, whatever happens.
            for (String notice : notices) {
                // An application may bring SLF4J 1.7, which has no atLevel.
                if (transport == null) {
                    LOG.debug("group {}: {}", replica.group(), notice);
                } else {
                    LOG.info("group {}: {}", replica.group(), notice);
                }
            }
        }
        if (offers != null) {
            for (Offer offer : offers) {
                replica.exchange().offer(offer.slot, offer.atLeast);
            }
        }
        if (answers != null) {
            for (Answer answer : answers) {
                replica.answered(answer.ticket, answer.index);
            }
        }
        if (removedBy >= 0) {
            replica.removed(removedBy);
        }
    }
}
