package io.synod.replica;

import java.sql.SQLException;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import javax.transaction.xa.XAException;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.LifecycleMethodExecutionExceptionHandler;
import org.junit.jupiter.api.extension.TestExecutionExceptionHandler;
import org.opentest4j.TestAbortedException;

/**
 * Tests in which this process stood still longer than an election takes, and which failed by what clients are told when a leader
 * is lost, are skipped, saying so: all nodes of a test stand still with it, and each takes the others for dead. Whatever else fails,
 * a wrong row above all, fails.
 */
public final class StandstillExtension
        implements BeforeAllCallback,
                BeforeEachCallback,
                TestExecutionExceptionHandler,
                LifecycleMethodExecutionExceptionHandler {
    /** The default of ELECTION_TIMEOUT. */
    private static final long ELECTION_NANOS = TimeUnit.MILLISECONDS.toNanos(400);

    private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

    /** Lost and rolled back, no leader in time, outcome unknown, no connection. */
    private static final Set<String> LEADER_LOST =
            Set.of("40000", "40001", "HYT00", "08001", "08003", "08006", "08007");

    /** The same as a transaction manager is told it. */
    private static final Set<Integer> MANAGERS_LEADER_LOST =
            Set.of(XAException.XA_RBTRANSIENT, XAException.XAER_RMFAIL, XAException.XA_RETRY);

    private static final AtomicLong LONGEST = new AtomicLong();

    static {
        Thread watch = new Thread(StandstillExtension::watch, "standstill-watch");
        watch.setDaemon(true);
        watch.start();
    }

    private static void watch() {
        long last = System.nanoTime();
        while (true) {
            LockSupport.parkNanos(LOOK_NANOS);
            long now = System.nanoTime();
            LONGEST.accumulateAndGet(now - last - LOOK_NANOS, Math::max);
            last = now;
        }
    }

    @Override
    public void beforeAll(ExtensionContext context) {
        LONGEST.set(0);
    }

    @Override
    public void beforeEach(ExtensionContext context) {
        LONGEST.set(0);
    }

    @Override
    public void handleTestExecutionException(ExtensionContext context, Throwable failure) throws Throwable {
        throw judge(failure, LONGEST.get());
    }

    @Override
    public void handleBeforeAllMethodExecutionException(ExtensionContext context, Throwable failure) throws Throwable {
        throw judge(failure, LONGEST.get());
    }

    @Override
    public void handleBeforeEachMethodExecutionException(ExtensionContext context, Throwable failure) throws Throwable {
        throw judge(failure, LONGEST.get());
    }

    @Override
    public void handleAfterEachMethodExecutionException(ExtensionContext context, Throwable failure) throws Throwable {
        throw judge(failure, LONGEST.get());
    }

    /** @return what the test ends with */
    static Throwable judge(Throwable failure, long stoodStillNanos) {
        if (stoodStillNanos < ELECTION_NANOS || !isLeaderLost(failure)) {
            return failure;
        }
        return new TestAbortedException(
                "this process stood still for " + TimeUnit.NANOSECONDS.toMillis(stoodStillNanos)
                        + " ms, and the test lost its leader: " + failure,
                failure);
    }

    /** An assertion that failed is never excused, whatever its cause. */
    private static boolean isLeaderLost(Throwable failure) {
        Throwable cause = failure;
        while (cause != null && !(cause instanceof Error)) {
            if (cause instanceof SQLException sql && LEADER_LOST.contains(String.valueOf(sql.getSQLState()))
                    || cause instanceof XAException xa && MANAGERS_LEADER_LOST.contains(xa.errorCode)) {
                return true;
            }
            cause = cause.getCause();
        }
        return false;
    }
}
