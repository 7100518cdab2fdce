package io.synod.jdbc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntUnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Which of some nodes a session that has lost its own one goes to. */
@Timeout(240)
class ServingNodeTest {
    private static final int OLD = 0;
    private static final int KNOWS = LeaderQuestion.answer(true);
    private static final int KNOWS_NOBODY = LeaderQuestion.answer(false);
    private static final int SERVES = LeaderQuestion.answer(true, true);

    private final List<AnsweringNode> nodes = new ArrayList<>();

    private AnsweringNode node(IntUnaryOperator answer) throws IOException {
        AnsweringNode node = new AnsweringNode(answer);
        nodes.add(node);
        return node;
    }

    @AfterEach
    void close() throws IOException {
        for (AnsweringNode node : nodes) {
            node.close();
        }
    }

    private String search(String settings, AnsweringNode lost) throws Exception {
        return begin(settings, lost, 600_000).get(120, TimeUnit.SECONDS);
    }

    private CompletableFuture<String> begin(String settings, AnsweringNode lost, int millis) throws Exception {
        String places =
                String.join(",", nodes.stream().map(AnsweringNode::place).toList());
        SynodUrl url = SynodUrl.parse("jdbc:synod://" + places + "/shop" + settings, null);
        return ServingNode.search(url, lost.place(), millis, 60_000);
    }

    @Test
    void it_is_the_one_that_serves_as_soon_as_it_does_and_not_the_one_that_was_lost() throws Exception {
        AnsweringNode lost = node(n -> SERVES);
        AnsweringNode lags = node(n -> KNOWS);
        AtomicInteger served = new AtomicInteger();
        AnsweringNode elected = node(n -> {
            if (n < 3 || lags.asked() == 0) {
                return KNOWS_NOBODY;
            }
            served.set(n);
            return SERVES;
        });
        assertEquals(elected.place(), search("", lost));
        assertEquals(0, lost.asked());
        assertEquals(served.get(), elected.asked());
    }

    @Test
    void nodes_that_are_down_or_of_an_earlier_release_are_not_waited_for() throws Exception {
        AnsweringNode lost = node(n -> SERVES);
        AnsweringNode old = node(n -> OLD);
        AnsweringNode down = node(n -> SERVES);
        down.close();
        assertNull(search("", lost));
        assertEquals(1, old.asked());
    }

    @Test
    void sessions_that_have_lost_the_same_node_search_together_and_where_any_node_will_do_nobody_searches()
            throws Exception {
        AnsweringNode lost = node(n -> SERVES);
        AtomicBoolean serves = new AtomicBoolean();
        AnsweringNode follows = node(n -> serves.get() ? SERVES : KNOWS);
        CompletableFuture<String> search = begin("", lost, 600_000);
        assertSame(search, begin("", lost, 600_000));
        serves.set(true);
        assertEquals(follows.place(), search.get(120, TimeUnit.SECONDS));
        serves.set(false);
        assertNull(begin("", lost, 100).get(120, TimeUnit.SECONDS), "nobody serves");
        int asked = follows.asked();
        assertNull(search(";TARGET=ANY", lost));
        assertEquals(asked, follows.asked());
    }
}
