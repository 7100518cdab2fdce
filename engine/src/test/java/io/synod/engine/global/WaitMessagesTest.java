package io.synod.engine.global;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.engine.global.WaitGraph.Wait;
import io.synod.engine.global.WaitGraph.Whole;
import io.synod.engine.global.WaitMessages.Report;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class WaitMessagesTest {
    private static final Wait WAIT = new Wait(2, "stock", "a/stock/7", "some", 99, true);

    @Test
    void what_is_told_arrives() {
        Report report =
                new Report(List.of(WAIT), List.of(new Whole("a-1", 12, Set.of("some", "other"))), Set.of("sales"));
        assertEquals(report, WaitMessages.decode(WaitMessages.report(report)));
        byte[] end = WaitMessages.end(WAIT, Set.of("sales", "stock"));
        assertTrue(WaitMessages.isEnd(end));
        assertEquals(List.of(WAIT), WaitMessages.decode(end).waits());
        assertFalse(WaitMessages.isEnd(WaitMessages.list()));
    }

    @Test
    void they_are_told_from_those_about_branches() {
        assertTrue(WaitMessages.isOne(WaitMessages.list()));
        assertFalse(
                WaitMessages.isOne(BranchMessages.encode(BranchMessages.Question.toForget("stock", List.of("gid")))));
    }

    @Test
    void another_version_and_what_is_cut_short_are_refused() {
        byte[] newer = WaitMessages.list();
        newer[1]++;
        assertThrows(IllegalArgumentException.class, () -> WaitMessages.decode(newer));
        byte[] cut = Arrays.copyOf(WaitMessages.list(), 5);
        assertThrows(IllegalArgumentException.class, () -> WaitMessages.decode(cut));
    }
}
