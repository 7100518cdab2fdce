package io.synod.replica;

import io.synod.paxos.Message;
import io.synod.transport.Transport;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What nodes of a cluster ask each other beside the protocol, over the connections on which it runs: nobody else reaches them.
 * A question or an answer may be lost; what they mean, and their version, is the business of whoever asks and answers.
 * Thread-safe.
 */
public final class Questions {
    private static final Logger LOG = LoggerFactory.getLogger(Questions.class);

    /** Answers what peers ask, on the thread that reads from them: must not block. */
    @FunctionalInterface
    public interface Respondent {
        /**
         * @param group that it is about
         * @param answer to be called at most once, from any thread
         */
        void asked(long group, byte[] question, Consumer<byte[]> answer);
    }

    private record Asked(int slot, CompletableFuture<byte[]> answer) {}

    private final Transport transport;
    private final AtomicLong tickets = new AtomicLong();
    private final Map<Long, Asked> asked = new ConcurrentHashMap<>();
    private volatile Respondent respondent = (group, question, answer) -> {};

    /** @param transport {@code null} for a node without peers */
    Questions(Transport transport) {
        this.transport = transport;
    }

    /** Who answers from now on; before that nothing is answered. */
    public void answeredBy(Respondent whoever) {
        respondent = whoever;
    }

    /**
     * Asks a peer and waits.
     *
     * @return {@code null} when no answer came in time, or the calling thread was interrupted
     */
    public byte[] ask(int slot, long group, byte[] question, long timeoutNanos) {
        try {
            return begin(slot, group, question, timeoutNanos).get();
        } catch (ExecutionException e) {
            return null;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return null;
        }
    }

    /**
     * Asks a peer and does not wait.
     *
     * @return is completed on the thread that reads from that peer, which must not be blocked; with {@code null} when no answer
     *     came in time, and at once when there is no connection, or it is lost
     */
    public CompletableFuture<byte[]> begin(int slot, long group, byte[] question, long timeoutNanos) {
        CompletableFuture<byte[]> answer = new CompletableFuture<>();
        if (transport == null) {
            answer.complete(null);
            return answer;
        }
        long ticket = tickets.incrementAndGet();
        asked.put(ticket, new Asked(slot, answer));
        answer.completeOnTimeout(null, timeoutNanos, TimeUnit.NANOSECONDS);
        answer.whenComplete((bytes, failed) -> asked.remove(ticket));
        transport.sendControl(slot, group, new Message.Question(ticket, question));
        if (!transport.connected(slot)) {
            // Lost before it was among those that are told so, perhaps.
            answer.complete(null);
        }
        return answer;
    }

    /** Whether that peer is connected: a question could reach it. */
    public boolean reaches(int slot) {
        return transport != null && transport.connected(slot);
    }

    /** As {@link Transport#connections}. */
    public long connections(int slot) {
        return transport == null ? 0 : transport.connections(slot);
    }

    /** The connection to that peer is gone, and with it whatever it would have answered. */
    void lost(int slot) {
        for (Asked each : asked.values()) {
            if (each.slot() == slot) {
                each.answer().complete(null);
            }
        }
    }

    /**
     * Asks several peers the same at once and waits for all of them, but for those that are not connected.
     *
     * @return the answers that came in time, in no order
     */
    public List<byte[]> askAll(Collection<Integer> slots, long group, byte[] question, long timeoutNanos) {
        List<byte[]> answers = new ArrayList<>();
        if (transport == null || slots.isEmpty()) {
            return answers;
        }
        Map<Long, CompletableFuture<byte[]>> mine = new HashMap<>();
        try {
            for (int slot : slots) {
                if (!transport.connected(slot)) {
                    continue;
                }
                long ticket = tickets.incrementAndGet();
                CompletableFuture<byte[]> answer = new CompletableFuture<>();
                mine.put(ticket, answer);
                asked.put(ticket, new Asked(slot, answer));
                transport.sendControl(slot, group, new Message.Question(ticket, question));
            }
            CompletableFuture.allOf(mine.values().toArray(CompletableFuture[]::new))
                    .get(timeoutNanos, TimeUnit.NANOSECONDS);
        } catch (TimeoutException | ExecutionException e) {
            LOG.debug("not all peers have answered: {}", e.toString());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            mine.keySet().forEach(asked::remove);
        }
        for (CompletableFuture<byte[]> answer : mine.values()) {
            byte[] bytes = answer.getNow(null);
            if (bytes != null) {
                answers.add(bytes);
            }
        }
        return answers;
    }

    /** @return false for a message of the protocol */
    boolean takes(int fromSlot, long group, Message message) {
        if (message instanceof Message.Question question) {
            try {
                respondent.asked(
                        group,
                        question.bytes(),
                        bytes -> transport.sendControl(fromSlot, group, new Message.Reply(question.ticket(), bytes)));
            } catch (RuntimeException e) {
                LOG.warn("a question of the node in slot {} is not answered: {}", fromSlot, e.toString());
            }
            return true;
        }
        if (message instanceof Message.Reply reply) {
            Asked waiting = asked.get(reply.ticket());
            if (waiting != null) {
                waiting.answer().complete(reply.bytes());
            }
            return true;
        }
        return false;
    }
}
