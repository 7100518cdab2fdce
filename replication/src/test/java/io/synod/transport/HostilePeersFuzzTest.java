package io.synod.transport;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.fuzz.Fuzz;
import io.synod.group.Member;
import io.synod.group.Members;
import io.synod.paxos.Message;
import java.io.IOException;
import java.io.InputStream;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Members a and b talk to each other; who says that it is c, or says nothing to the point, ends its own connection, and gets no place
 * for longer than a handshake may take.
 */
@Timeout(value = 600, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class HostilePeersFuzzTest {
    private static final long GROUP = 9;
    private static final long LIMIT_NANOS = TimeUnit.SECONDS.toNanos(120);
    private static final int UNKNOWN_MAX = 64;

    private final List<ServerSocket> listeners = new ArrayList<>();
    private final List<SocketTransport> transports = new ArrayList<>();
    private final AtomicLong last = new AtomicLong();
    private Members members;

    @BeforeEach
    void listen() throws IOException {
        List<Member> all = new ArrayList<>();
        for (String name : List.of("a", "b", "c")) {
            ServerSocket listener = SocketTransport.listen("127.0.0.1:0");
            listeners.add(listener);
            String address = "127.0.0.1:" + listener.getLocalPort();
            all.add(new Member(all.size() + 1, name, Member.UNSEEN, Member.Role.VOTER, address));
        }
        members = new Members(all);
    }

    @AfterEach
    void close() throws IOException {
        transports.forEach(SocketTransport::close);
        for (ServerSocket listener : listeners) {
            listener.close();
        }
    }

    private SocketTransport start(int slot) {
        SocketTransport transport = new SocketTransport(
                new SocketTransport.Identity("shop", members, slot, new UUID(0, slot)),
                listeners.get(slot - 1),
                null,
                PeerIdentities.inMemory(),
                System::nanoTime,
                new Random(slot));
        transports.add(transport);
        transport.start(new Transport.Receiver() {
            @Override
            public void onData(int fromSlot, long group, Message message, boolean more) {
                onControl(fromSlot, group, message);
            }

            @Override
            public void onControl(int fromSlot, long group, Message message) {
                if (fromSlot == 1 && group == GROUP && message instanceof Message.ReadIndex read) {
                    last.set(read.ticket());
                }
            }

            @Override
            public void onPeerDown(int slot) {
                // Those that are hostile come and go.
            }
        });
        return transport;
    }

    private static void until(String what, BooleanSupplier condition) {
        long start = System.nanoTime();
        while (!condition.getAsBoolean()) {
            assertTrue(System.nanoTime() - start < LIMIT_NANOS, "not within 120 s: " + what);
            LockSupport.parkNanos(5_000_000L);
        }
    }

    /** To b, since of two members the one with the greater slot is called. */
    private Socket dial() throws IOException {
        return new Socket("127.0.0.1", listeners.get(1).getLocalPort());
    }

    private byte[] hello(Hello.Kind kind) {
        WireOutput out = new WireOutput(64);
        FrameCodec codec = new FrameCodec();
        codec.begin(out, FrameCodec.HELLO, 0, 0);
        new Handshake(
                        new SocketTransport.Identity("shop", members, 3, new UUID(0, 3)),
                        Map.of(),
                        PeerIdentities.inMemory())
                .hello(kind)
                .encode(out);
        codec.end(out);
        return Arrays.copyOf(out.array(), out.length());
    }

    private static byte[] messages(byte[] body, int parts) {
        WireOutput out = new WireOutput(64);
        FrameCodec codec = new FrameCodec();
        codec.begin(out, FrameCodec.MESSAGES, parts, 0);
        for (byte each : body) {
            out.putByte(each);
        }
        codec.end(out);
        return Arrays.copyOf(out.array(), out.length());
    }

    private static byte[] nonsense(Random random) {
        WireOutput out = new WireOutput(64);
        List<Message> some = MessageCodecTest.EVERY_MESSAGE;
        some.forEach(m -> MessageCodec.encode(1, m, out));
        byte[] body = Arrays.copyOf(out.array(), out.length());
        return switch (random.nextInt(3)) {
            case 0 -> messages(Fuzz.mutated(body, random), some.size());
            case 1 -> Fuzz.mutated(messages(body, some.size()), random);
            default -> Fuzz.noise(random, 500);
        };
    }

    @Test
    void nonsense_before_and_after_the_handshake_harms_nobody_else() {
        SocketTransport a = start(1);
        start(2);
        until("a and b are connected", () -> a.connected(2));
        AtomicLong sent = new AtomicLong();
        Fuzz.run("hostile peers", random -> {
            boolean shakesHands = random.nextInt(4) > 0;
            byte[] hello = hello(random.nextBoolean() ? Hello.Kind.DATA : Hello.Kind.CONTROL);
            try (Socket socket = dial()) {
                socket.setSoTimeout(120_000);
                say(socket, shakesHands ? hello : Fuzz.mutated(hello, random), nonsense(random));
                readAll(socket.getInputStream());
            }
            long ticket = sent.incrementAndGet();
            until("a still reaches b", () -> {
                a.sendControl(2, GROUP, new Message.ReadIndex(ticket));
                return last.get() == ticket;
            });
            return shakesHands ? "after the handshake" : "before";
        });
        until(
                "no thread of c's is left",
                () -> Thread.getAllStackTraces().keySet().stream()
                        .noneMatch(t -> t.getName().startsWith("synod-peer-handshake")));
    }

    /** As much of it as is heard: who has heard enough closes the connection. */
    private static void say(Socket socket, byte[]... words) {
        try {
            for (byte[] each : words) {
                socket.getOutputStream().write(each);
            }
            socket.shutdownOutput();
        } catch (IOException e) {
            assertTrue(e instanceof SocketException, e.toString());
        }
    }

    /** It ends, or is reset: what was sent was not read to its end. */
    private static void readAll(InputStream in) throws IOException {
        try {
            in.readAllBytes();
        } catch (SocketException e) {
            assertTrue(e.getMessage().contains("reset"), e.getMessage());
        }
    }

    /** As many as may be unknown at a time, each of which says a byte now and then. */
    @Test
    void handshakes_that_drip_in_keep_no_place() throws IOException {
        SocketTransport b = start(2);
        List<Socket> slow = new ArrayList<>();
        byte[] begin = Arrays.copyOf(messages(new byte[FrameCodec.MAX_HANDSHAKE_BYTES], 0), FrameCodec.HEADER_BYTES);
        for (int i = 0; i < UNKNOWN_MAX; i++) {
            slow.add(dial());
            slow.get(i).getOutputStream().write(begin);
        }
        try {
            // It comes behind them.
            start(1);
            until("a is let in", () -> {
                slow.forEach(HostilePeersFuzzTest::drip);
                return b.connected(1);
            });
        } finally {
            for (Socket socket : slow) {
                socket.close();
            }
        }
    }

    private static void drip(Socket socket) {
        try {
            socket.getOutputStream().write('x');
        } catch (IOException e) {
            assertTrue(e instanceof SocketException, e.toString());
        }
    }
}
