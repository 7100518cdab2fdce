package io.synod.jdbc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntUnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Which of some nodes a session that has lost its own one goes to. */
@Timeout(60)
class ServingNodeTest {
    private static final int OLD = 0;
    private static final int KNOWS = LeaderQuestion.answer(true);
    private static final int KNOWS_NOBODY = LeaderQuestion.answer(false);
    private static final int SERVES = LeaderQuestion.answer(true, true);

    private final List<Node> nodes = new ArrayList<>();

    /** Answers each question with a number. */
    private final class Node {
        private final ServerSocket socket = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        private final AtomicInteger asked = new AtomicInteger();

        Node(IntUnaryOperator answer) throws IOException {
            nodes.add(this);
            Thread thread = new Thread(() -> run(answer), "node");
            thread.setDaemon(true);
            thread.start();
        }

        private void run(IntUnaryOperator answer) {
            while (true) {
                try (Socket client = socket.accept()) {
                    DataInputStream in = new DataInputStream(client.getInputStream());
                    in.skipNBytes(4 * Integer.BYTES);
                    in.skipNBytes((long) Character.BYTES * in.readInt() + Integer.BYTES);
                    new DataOutputStream(client.getOutputStream()).writeInt(answer.applyAsInt(asked.incrementAndGet()));
                } catch (IOException e) {
                    if (socket.isClosed()) {
                        return;
                    }
                }
            }
        }

        String place() {
            return "127.0.0.1:" + socket.getLocalPort();
        }
    }

    @AfterEach
    void close() throws IOException {
        for (Node node : nodes) {
            node.socket.close();
        }
    }

    private String search(String settings, Node lost) throws Exception {
        return begin(settings, lost).get(30, TimeUnit.SECONDS);
    }

    private CompletableFuture<String> begin(String settings, Node lost) throws Exception {
        String places = String.join(",", nodes.stream().map(Node::place).toList());
        return ServingNode.search(SynodUrl.parse("jdbc:synod://" + places + "/shop" + settings, null), lost.place());
    }

    @Test
    void it_is_the_one_that_serves_as_soon_as_it_does_and_not_the_one_that_was_lost() throws Exception {
        Node lost = new Node(n -> SERVES);
        Node lags = new Node(n -> KNOWS);
        Node elected = new Node(n -> n < 3 ? KNOWS_NOBODY : SERVES);
        assertEquals(elected.place(), search("", lost));
        assertEquals(0, lost.asked.get());
        assertEquals(3, elected.asked.get());
        assertTrue(lags.asked.get() > 0);
    }

    @Test
    void nodes_that_are_down_or_of_an_earlier_release_are_not_waited_for() throws Exception {
        Node lost = new Node(n -> SERVES);
        Node old = new Node(n -> OLD);
        Node down = new Node(n -> SERVES);
        down.socket.close();
        assertNull(search("", lost));
        assertEquals(1, old.asked.get());
    }

    @Test
    void sessions_that_have_lost_the_same_node_search_together_and_where_any_node_will_do_nobody_searches()
            throws Exception {
        Node lost = new Node(n -> SERVES);
        Node follows = new Node(n -> KNOWS);
        CompletableFuture<String> search = begin("", lost);
        assertSame(search, begin("", lost));
        assertNull(search("", lost), "nobody serves");
        int asked = follows.asked.get();
        assertNull(search(";TARGET=ANY", lost));
        assertEquals(asked, follows.asked.get());
    }
}
