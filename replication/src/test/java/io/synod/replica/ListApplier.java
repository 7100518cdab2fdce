package io.synod.replica;

import io.synod.group.Entry;
import io.synod.group.EntryKind;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** A state machine that is the list of the texts applied to it. */
final class ListApplier implements Applier {
    private final List<String> texts = new ArrayList<>();
    private final List<String> events = new ArrayList<>();
    private final List<Object> attachments = new ArrayList<>();
    private long index;
    private long epoch;
    private volatile Throwable stopped;
    private volatile boolean passesOver;
    private volatile Consumer<Entry> before = entry -> {};
    private volatile Runnable beforeStopped = () -> {};

    /** It needs no entry. */
    void passOver() {
        passesOver = true;
    }

    /** Runs before each entry is applied, on the applying thread. */
    void before(Consumer<Entry> hook) {
        before = hook;
    }

    /** Runs when it is told that the group has stopped, before it knows. */
    void beforeStopped(Runnable hook) {
        beforeStopped = hook;
    }

    /** All of it is replaced. */
    synchronized void set(State state) {
        index = state.index();
        epoch = state.epoch();
        texts.clear();
        texts.addAll(state.texts());
    }

    synchronized State state() {
        return new State(index, epoch, List.copyOf(texts));
    }

    record State(long index, long epoch, List<String> texts) {}

    @Override
    public synchronized long appliedIndex() {
        return index;
    }

    @Override
    public void apply(Entry entry, Proposal proposal) {
        before.accept(entry);
        synchronized (this) {
            if (entry.index() != index + 1 && !passesOver) {
                throw new IllegalStateException("applied " + entry.index() + " after " + index);
            }
            index = entry.index();
            epoch = entry.epoch();
            if (entry.kind() == EntryKind.DATA) {
                String text = new String(entry.payload(), StandardCharsets.UTF_8);
                texts.add(text);
                events.add((proposal == null ? "remote " : "local ") + text);
                if (proposal != null) {
                    attachments.add(proposal.attachment());
                }
            }
        }
    }

    @Override
    public synchronized void onDeposed() {
        events.add("deposed");
    }

    @Override
    public synchronized void onRole(String leader, long epoch, boolean serving) {
        events.add("role " + leader + (serving ? " serving" : ""));
    }

    @Override
    public void onStopped(Throwable cause) {
        beforeStopped.run();
        stopped = cause;
    }

    Throwable stopped() {
        return stopped;
    }

    synchronized List<String> texts() {
        return new ArrayList<>(texts);
    }

    synchronized List<String> events() {
        return new ArrayList<>(events);
    }

    synchronized List<Object> attachments() {
        return new ArrayList<>(attachments);
    }
}
