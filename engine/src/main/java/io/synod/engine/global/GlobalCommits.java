package io.synod.engine.global;

import io.synod.branch.Attempt;
import io.synod.branch.Branch;
import io.synod.branch.BranchRequest;
import io.synod.branch.Participant;
import io.synod.branch.Termination;
import io.synod.engine.database.BranchVotes;
import io.synod.engine.database.HostedDatabase;
import io.synod.group.Invariant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.h2.message.DbException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Transactions that write in several databases, of one node: commits those of its sessions in three phases, and ends those
 * of which the databases that it leads have not heard for a while. Thread-safe.
 *
 * <p><b>Order.</b> A transaction that is answered as committed is decided in a majority of its participants' weight, each of
 * them a majority of its members; what is not answered in time goes on here, and wherever it is prepared.
 *
 * <p><b>Failure.</b> No time ends a branch that is prepared: time only makes somebody ask. What is decided is forgotten when
 * all participants have acknowledged it.
 *
 * <p>Threads: {@code synod-global} (time), {@code synod-global-ask-N} and {@code synod-global-answer-N}, the latter two as long
 * as there are global transactions. Those who ask are others than those who answer: two nodes that ask each other must not wait for
 * each other's threads.
 *
 * <p>Sources: Skeen (1981); Keidar and Dolev (1998); see {@link io.synod.branch.Coordinator} and {@link Termination}.
 */
public final class GlobalCommits implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(GlobalCommits.class);

    private static final int MAX_THREADS = 64;
    private static final long IDLE_SECONDS = 10;
    private static final long TICK_NANOS = TimeUnit.MILLISECONDS.toNanos(20);
    private static final long LOOK_AT_ALL_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final long FORGET_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

    /** For how long, in nanoseconds, a transaction that has ended everywhere is still known in each of its databases. */
    public static final long KEPT_NANOS = TimeUnit.SECONDS.toNanos(4);

    /** How long a decided commit waits for those participants that do not acknowledge it. */
    private static final long ACKNOWLEDGE_NANOS = TimeUnit.SECONDS.toNanos(2);

    /** How many transactions of others are ended here at a time, and of how many that are decided the others are told. */
    private static final int MAX_AT_A_TIME = 256;

    static final long ASK_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final long RESEND_NANOS = TimeUnit.MILLISECONDS.toNanos(150);
    private static final long BACK_OFF_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    /** The way to other nodes. */
    public interface PeerLink {
        /**
         * @return completed with {@code null} when no answer came in time, or the connection was lost, on a thread that must not be
         *     blocked
         */
        CompletableFuture<byte[]> ask(String database, int slot, byte[] question, long timeoutNanos);

        /** Whether there is a connection to that node. */
        boolean reaches(int slot);

        /** Slots of the other nodes. */
        Collection<Integer> slots();
    }

    /** For tests: where a coordinator is lost. */
    @FunctionalInterface
    public interface Fault {
        Fault NONE = (database, request) -> false;

        /** @return whether it does not send this, nor anything any more */
        boolean stopsAt(String database, BranchRequest request);
    }

    /**
     * How a transaction has ended, as far as the node that commits it knows.
     *
     * @param decision whether it is committed; {@code null} where nobody could tell in time: it goes on
     * @param indexes up to which the log of a database has to be applied for it to be seen there, where that is known
     * @param everywhere whether all participants know it, or, of a commit, make their linearizable reads wait for it
     * @param refusal of the session that could not prepare it; {@code null} for none
     */
    public record Outcome(
            String gid, Boolean decision, Map<String, Long> indexes, boolean everywhere, DbException refusal) {}

    private record Ended(String gid, long atNanos) {}

    private final int slot;
    private final String origin;
    private final LongSupplier serials;
    private final Supplier<Collection<HostedDatabase>> all;
    private final ParticipantLeaders leaders;
    /** Of the thread of time. */
    private final Orphans orphans;

    private final SplittableRandom random = new SplittableRandom();
    private final ThreadPoolExecutor asking = pool("synod-global-ask-");
    private final ThreadPoolExecutor answering = pool("synod-global-answer-");
    private final Map<String, GlobalRun> runs = new ConcurrentHashMap<>();
    private final Map<String, Queue<Ended>> toForget = new ConcurrentHashMap<>();
    private final Thread time = new Thread(this::run, "synod-global");
    private volatile Fault fault = Fault.NONE;
    private volatile long keptNanos = KEPT_NANOS;
    private volatile Termination.Timing timing = new Termination.Timing(RESEND_NANOS, BACK_OFF_NANOS);
    private volatile boolean paused;
    private volatile boolean closed;
    private long forgetAt;
    private long lookAtAllAt;

    /**
     * @param slot of this node in the cluster; 1 for a node without peers
     * @param origin what no other node's transactions begin with, ever
     * @param serials each value once, over restarts too
     * @param hosted a database that is open on this node by its name, {@code null} for others
     * @param all that are open on this node
     */
    public GlobalCommits(
            int slot,
            String origin,
            LongSupplier serials,
            Function<String, HostedDatabase> hosted,
            Supplier<Collection<HostedDatabase>> all,
            PeerLink link) {
        this.slot = slot;
        this.origin = origin;
        this.serials = serials;
        this.all = all;
        this.leaders = new ParticipantLeaders(hosted, link);
        this.orphans = new Orphans(slot, link::slots, link::reaches);
        time.setDaemon(true);
    }

    private static ThreadPoolExecutor pool(String name) {
        AtomicInteger number = new AtomicInteger();
        ThreadPoolExecutor pool = new ThreadPoolExecutor(
                MAX_THREADS, MAX_THREADS, IDLE_SECONDS, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), body -> {
                    Thread thread = new Thread(body, name + number.incrementAndGet());
                    thread.setDaemon(true);
                    return thread;
                });
        pool.allowCoreThreadTimeOut(true);
        return pool;
    }

    /** From now on what is left of lost nodes is ended. */
    public void start() {
        time.start();
    }

    /**
     * Commits a transaction, and returns when that is decided and all participants have pre-committed it, so that no linearizable
     * read misses it any more, or two seconds after the decision.
     *
     * @param databases that it has written, the first one first
     * @param open what is open, by database
     * @param timeoutNanos after which it is not decided to commit any more, where that can still be chosen; the same again
     *     until this gives up waiting
     */
    public Outcome commit(List<String> databases, Map<String, OpenBranch> open, long timeoutNanos) {
        Invariant.that(databases.size() > 1, "a global transaction of %d databases, expected %d", databases.size(), 2);
        long serial = serials.getAsLong();
        String gid = origin + "." + Long.toHexString(serial);
        Branch branch = Branch.of(gid, databases.get(0), databases);
        Attempt attempt = new Attempt(1, slot, serials.getAsLong());
        GlobalRun run = GlobalRun.commit(this, branch, attempt, open, timeoutNanos);
        runs.put(gid, run);
        if (closed) {
            run.close();
        }
        Outcome outcome = run.await(2 * timeoutNanos, ACKNOWLEDGE_NANOS);
        if (run.isDone()) {
            done(run);
        }
        return outcome;
    }

    /**
     * Ends a transaction now, whatever was heard of it: by the same protocol that ends it after a silence, which decides and which
     * nobody tells how. Where this node commits it just now, that goes on.
     *
     * @param timeoutNanos for which this waits; it goes on after that
     * @return whether it is committed; {@code null} where that is not decided in time
     */
    public Boolean end(Branch branch, long timeoutNanos) {
        GlobalRun run = runs.compute(
                branch.gid(),
                (gid, running) -> running == null || running.isStopped() ? GlobalRun.end(this, branch) : running);
        return run.await(timeoutNanos, 0).decision();
    }

    /** What another node asks. Does not block. */
    public void asked(byte[] question, Consumer<byte[]> answer) {
        try {
            answering.execute(() -> {
                try {
                    answer.accept(leaders.answer(question, ASK_NANOS));
                } catch (RuntimeException e) {
                    LOG.warn("a question about a global transaction is not answered", e);
                }
            });
        } catch (RejectedExecutionException e) {
            LOG.debug("this node is being closed", e);
        }
    }

    /** For tests, which wait until all is forgotten and read no several databases at once. */
    public void forgetSoon() {
        keptNanos = TICK_NANOS;
        orphans.setUnforgotten(TimeUnit.SECONDS.toNanos(3));
    }

    /** For tests, of what is done without waiting so long: for a word about a transaction, and until what is lost is sent again. */
    public void waitFor(long nanos) {
        orphans.setSilence(nanos);
        orphans.setUnforgotten(nanos);
        timing = new Termination.Timing(nanos, BACK_OFF_NANOS);
    }

    /** For tests: coordinators of this node are lost where it says so. */
    public void setFault(Fault where) {
        fault = where;
    }

    /** For tests: whether this node begins to end what nothing is heard of. */
    public void pause(boolean on) {
        paused = on;
    }

    // ---- time -----------------------------------------------------------------------------------------------------

    private void run() {
        while (!closed) {
            LockSupport.parkNanos(TICK_NANOS);
            try {
                long now = System.nanoTime();
                runs.values().forEach(run -> {
                    if (run.tick(now)) {
                        done(run);
                    }
                });
                boolean decidedToo = now - lookAtAllAt >= 0;
                if (decidedToo) {
                    lookAtAllAt = now + LOOK_AT_ALL_NANOS;
                }
                orphans.look(now);
                for (HostedDatabase database : all.get()) {
                    try {
                        endOrphans(database, now);
                        if (decidedToo) {
                            spreadUnforgotten(database, now);
                        }
                    } catch (RuntimeException e) {
                        // It is being closed, say: the others go on.
                        LOG.debug("global transactions of {}", database.name(), e);
                    }
                }
                if (now - forgetAt >= 0) {
                    forgetAt = now + FORGET_NANOS;
                    forget();
                }
            } catch (RuntimeException e) {
                LOG.warn("global transactions", e);
            }
        }
    }

    private void done(GlobalRun run) {
        String gid = run.branch().gid();
        if (runs.remove(gid, run) && run.isDone()) {
            Ended ended = new Ended(gid, System.nanoTime());
            for (Participant participant : run.branch().participants()) {
                toForget.computeIfAbsent(participant.database(), d -> new ConcurrentLinkedQueue<>())
                        .add(ended);
            }
        }
    }

    private void forget() {
        long last = System.nanoTime() - keptNanos;
        toForget.forEach((database, all) -> {
            List<String> batch = new ArrayList<>();
            for (Ended next = all.peek(); next != null && next.atNanos() - last <= 0; next = all.peek()) {
                batch.add(all.remove().gid());
            }
            if (!batch.isEmpty()) {
                // One that gets lost is found again by the participant's leader.
                inBackground(() -> leaders.forget(database, batch, ASK_NANOS));
            }
        });
    }

    /** As the leader of a participant: begins what nobody else is at any more. */
    private void endOrphans(HostedDatabase database, long now) {
        if (!leadsSome(database)) {
            return;
        }
        long running = running(GlobalRun.Purpose.END);
        for (BranchVotes.Global global : database.votes().undecided()) {
            if (running < MAX_AT_A_TIME && isToBegin(global, database, now)) {
                LOG.info("transaction {} is ended by this node: its coordinator is gone or silent", global.gid());
                runs.computeIfAbsent(global.gid(), gid -> GlobalRun.end(this, global.branch()));
                running++;
            }
        }
    }

    /** As the leader of a participant: tells the others of what is decided, as long as anybody may not know it. */
    private void spreadUnforgotten(HostedDatabase database, long now) {
        if (!leadsSome(database)) {
            return;
        }
        List<String> refused = new ArrayList<>();
        long running = running(GlobalRun.Purpose.SPREAD);
        for (BranchVotes.Global global : database.votes().list()) {
            if (orphans.isToBeForgotten(global)) {
                refused.add(global.gid());
            } else if (global.standing().state().isDecided()
                    && running < MAX_AT_A_TIME
                    && isToBegin(global, database, now)) {
                LOG.debug("transaction {}: the others are told how it has ended", global.gid());
                runs.computeIfAbsent(
                        global.gid(),
                        gid -> GlobalRun.spread(this, global.branch(), database.name(), global.standing()));
                running++;
            }
        }
        if (!refused.isEmpty()) {
            inBackground(() -> leaders.forget(database.name(), refused, ASK_NANOS));
        }
    }

    private boolean leadsSome(HostedDatabase database) {
        return !paused
                && !database.isClosed()
                && !database.votes().isEmpty()
                && database.log().servingEpoch() != 0;
    }

    private boolean isToBegin(BranchVotes.Global global, HostedDatabase database, long now) {
        return global.branch() != null
                && !runs.containsKey(global.gid())
                && orphans.isDue(global, database.name(), now);
    }

    private long running(GlobalRun.Purpose purpose) {
        return runs.values().stream().filter(run -> run.purpose() == purpose).count();
    }

    /** Ends at once what runs here: whoever leads the participants goes on. */
    @Override
    public void close() {
        closed = true;
        LockSupport.unpark(time);
        runs.values().forEach(GlobalRun::close);
        asking.shutdown();
        answering.shutdown();
    }

    // ---- for the parts of this package ----------------------------------------------------------------------------

    int slot() {
        return slot;
    }

    LongSupplier serials() {
        return serials;
    }

    Termination.Timing timing() {
        return timing;
    }

    synchronized RandomGenerator random() {
        return random.split();
    }

    ParticipantLeaders leaders() {
        return leaders;
    }

    Fault fault() {
        return fault;
    }

    /** @return false when this node is being closed, or no thread is free to begin at once */
    boolean beside(Runnable work) {
        return asking.getActiveCount() < MAX_THREADS && inBackground(work);
    }

    /** @return false when this node is being closed */
    boolean inBackground(Runnable work) {
        try {
            asking.execute(() -> {
                try {
                    work.run();
                } catch (RuntimeException e) {
                    LOG.warn("global transactions", e);
                }
            });
            return true;
        } catch (RejectedExecutionException e) {
            return false;
        }
    }
}
