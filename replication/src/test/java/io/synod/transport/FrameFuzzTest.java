package io.synod.transport;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.fuzz.Fuzz;
import io.synod.group.Entry;
import io.synod.group.EntryKind;
import io.synod.group.Member;
import io.synod.group.Members;
import io.synod.paxos.Message;
import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Whatever comes to the peer port either is a frame or ends the connection with one of two exceptions, and makes the node
 * allocate no more than a small multiple of what was sent.
 */
@Timeout(value = 600, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class FrameFuzzTest {
    private static final Members MEMBERS = new Members(List.of(
            new Member(1, "a", Member.UNSEEN, Member.Role.VOTER, "h:1"),
            new Member(2, "b", new UUID(3, 4), Member.Role.WITNESS, "h:2"),
            new Member(3, "c", new UUID(5, 6), Member.Role.LEARNER, "")));

    private static final UUID INCARNATION = new UUID(1, 2);
    private static final int BUFFERS = 1 << 20;
    /** An entry in memory is an object besides its bytes, which may be as few as 21. */
    private static final int PER_BYTE = 16;

    private final Handshake handshake = handshake(1, INCARNATION, "");

    private static Handshake handshake(int slot, UUID incarnation, String clientAddress) {
        Map<Integer, Peer> peers = new TreeMap<>();
        for (Member member : MEMBERS.all()) {
            if (member.slot() != slot) {
                peers.put(member.slot(), new Peer(member, false));
            }
        }
        return new Handshake(
                new SocketTransport.Identity("shop", MEMBERS, slot, incarnation, clientAddress),
                peers,
                (name, seen) -> seen);
    }

    private static List<Message> messages(Random random) {
        List<Message> messages = new ArrayList<>();
        for (int i = random.nextInt(4); i >= 0; i--) {
            messages.add(MessageCodecTest.EVERY_MESSAGE.get(random.nextInt(MessageCodecTest.EVERY_MESSAGE.size())));
        }
        List<Entry> entries = List.of(
                Entry.barrier(7, 1),
                new Entry(7, 2, EntryKind.DATA, Fuzz.noise(random, 3000)),
                new Entry(8, 3, EntryKind.CONFIG, MEMBERS.encode()));
        if (random.nextBoolean()) {
            messages.add(new Message.Accept(8, 0, 0, entries, 1, 2, 3, 4, 5));
            messages.add(new Message.Fetched(8, true, 0, 0, entries, 0));
            messages.add(new Message.SnapshotOffer(1, 2, 3, 4, 5, MEMBERS, 6));
        }
        return messages;
    }

    private static byte[] frame(int type, int parts, long consumed, byte[] body) {
        WireOutput out = new WireOutput(64);
        FrameCodec codec = new FrameCodec();
        codec.begin(out, (byte) type, parts, consumed);
        for (byte each : body) {
            out.putByte(each);
        }
        codec.end(out);
        return Arrays.copyOf(out.array(), out.length());
    }

    private static byte[] encoded(List<Message> messages) {
        WireOutput out = new WireOutput(64);
        messages.forEach(m -> MessageCodec.encode(1, m, out));
        return Arrays.copyOf(out.array(), out.length());
    }

    private byte[] hello(Random random) {
        Handshake other = handshake(2, random.nextBoolean() ? INCARNATION : new UUID(3, 4), "h:3");
        WireOutput out = new WireOutput(64);
        other.hello(random.nextBoolean() ? Hello.Kind.DATA : Hello.Kind.CONTROL).encode(out);
        return Arrays.copyOf(out.array(), out.length());
    }

    /** Half of them with a checksum that is right, so that what is wrong is met behind it. */
    private byte[] hostile(Random random) {
        List<Message> messages = messages(random);
        boolean isHello = random.nextInt(4) == 0;
        byte[] body = isHello ? hello(random) : encoded(messages);
        int type = isHello ? FrameCodec.HELLO : FrameCodec.MESSAGES;
        int parts = isHello ? 0 : messages.size();
        return switch (random.nextInt(8)) {
            case 0 -> Fuzz.noise(random, 200);
            case 1, 2 -> Fuzz.mutated(frame(type, parts, 0, body), random);
            case 3 -> frame(random.nextInt(256), random.nextInt(1 << 16), random.nextLong(), body);
            case 4 -> frame(type, random.nextInt(1 << 16), 0, Fuzz.noise(random, 200));
            default -> frame(type, parts, 0, Fuzz.mutated(body, random));
        };
    }

    @Test
    void what_is_no_frame_ends_the_connection_and_costs_little() {
        Fuzz.run("frames", random -> {
            byte[] sent = random.nextInt(3) == 0
                    ? Fuzz.joined(frame(FrameCodec.MESSAGES, 0, 0, new byte[0]), hostile(random), hostile(random))
                    : hostile(random);
            long before = Fuzz.allocated();
            String outcome = read(sent, random);
            long allocated = Fuzz.allocated() - before;
            assertTrue(
                    allocated <= BUFFERS + (long) PER_BYTE * sent.length,
                    () -> allocated + " bytes allocated for " + sent.length);
            return outcome;
        });
    }

    /** As a connection is read, by {@link PeerConnections}. */
    private String read(byte[] sent, Random random) throws IOException {
        int taken = random.nextInt(Math.min(sent.length, 4) + 1);
        InputStream rest = new ByteArrayInputStream(sent, taken, sent.length - taken) {
            @Override
            public int read(byte[] into, int offset, int length) {
                return super.read(into, offset, Math.min(length, 1 + random.nextInt(40)));
            }
        };
        FrameReader reader = new FrameReader(rest, Arrays.copyOf(sent, taken));
        int limit = random.nextBoolean() ? FrameCodec.MAX_HANDSHAKE_BYTES : FrameCodec.MAX_BODY_BYTES;
        try {
            while (true) {
                take(reader.next(limit));
            }
        } catch (EOFException e) {
            return "end";
        } catch (MalformedFrameException e) {
            return e.getMessage().split("[ :]")[0];
        }
    }

    private void take(Frame frame) throws IOException {
        if (frame.type() == FrameCodec.HELLO) {
            handshake.refusal(Hello.decode(frame.body()));
        } else if (frame.type() == FrameCodec.REFUSED) {
            frame.body().getText();
        } else if (frame.type() == FrameCodec.MESSAGES) {
            for (int i = 0; i < frame.parts(); i++) {
                Envelope envelope = MessageCodec.decode(frame.body());
                if (envelope != null) {
                    assertEncodesAlike(envelope);
                }
            }
        } else {
            throw new MalformedFrameException("frame type");
        }
    }

    /** Fields that a later version appended are left out; what is known goes the same way again and again. */
    private static void assertEncodesAlike(Envelope envelope) throws IOException {
        WireOutput once = new WireOutput(64);
        MessageCodec.encode(envelope, once);
        WireOutput twice = new WireOutput(64);
        MessageCodec.encode(MessageCodec.decode(new WireInput(once.array(), 0, once.length())), twice);
        assertArrayEquals(Arrays.copyOf(once.array(), once.length()), Arrays.copyOf(twice.array(), twice.length()));
    }

    @Test
    void a_frame_comes_out_as_it_went_in_however_it_is_cut() {
        Fuzz.run("whole frames", random -> {
            List<Message> messages = messages(random);
            byte[] body = encoded(messages);
            byte[] sent = frame(FrameCodec.MESSAGES, messages.size(), 7, body);
            InputStream in = new ByteArrayInputStream(sent) {
                @Override
                public int read(byte[] into, int offset, int length) {
                    return super.read(into, offset, Math.min(length, 1 + random.nextInt(40)));
                }
            };
            Frame frame = new FrameReader(in, new byte[0]).next(FrameCodec.MAX_BODY_BYTES);
            WireOutput again = new WireOutput(64);
            for (int i = 0; i < frame.parts(); i++) {
                MessageCodec.encode(MessageCodec.decode(frame.body()), again);
            }
            assertArrayEquals(body, Arrays.copyOf(again.array(), again.length()));
            return "same";
        });
    }
}
