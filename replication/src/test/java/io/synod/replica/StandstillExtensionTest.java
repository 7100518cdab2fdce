package io.synod.replica;

import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.sql.SQLException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import javax.transaction.xa.XAException;
import org.junit.jupiter.api.Test;
import org.opentest4j.TestAbortedException;

class StandstillExtensionTest {
    private static final long STOOD = TimeUnit.MILLISECONDS.toNanos(500);
    private static final SQLException LOST = new SQLException("the leader was lost", "40001");

    @Test
    void a_leader_that_is_lost_while_all_stands_still_is_no_failure() {
        Throwable judged = StandstillExtension.judge(LOST, STOOD);
        assertInstanceOf(TestAbortedException.class, judged);
        assertTrue(judged.getMessage().contains("500 ms"), judged.getMessage());
        assertInstanceOf(
                TestAbortedException.class,
                StandstillExtension.judge(new SQLException("IO", "90028", new IOException(LOST)), STOOD));
        assertInstanceOf(
                TestAbortedException.class,
                StandstillExtension.judge(new ExecutionException(new IllegalStateException(LOST)), STOOD));
        assertInstanceOf(
                TestAbortedException.class,
                StandstillExtension.judge(new XAException(XAException.XA_RBTRANSIENT), STOOD));
    }

    @Test
    void whatever_else_fails_fails() {
        Throwable wrong = new AssertionError("2 rows, expected 1", LOST);
        assertSame(wrong, StandstillExtension.judge(wrong, STOOD));
        Throwable inThread = new ExecutionException(wrong);
        assertSame(inThread, StandstillExtension.judge(inThread, STOOD));
        Throwable unknown = new XAException(XAException.XAER_NOTA);
        assertSame(unknown, StandstillExtension.judge(unknown, STOOD));
        Throwable syntax = new SQLException("syntax", "42000");
        assertSame(syntax, StandstillExtension.judge(syntax, STOOD));
        assertSame(LOST, StandstillExtension.judge(LOST, TimeUnit.MILLISECONDS.toNanos(100)));
    }
}
