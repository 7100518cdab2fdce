package io.synod.transport;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.group.Entry;
import io.synod.group.EntryKind;
import io.synod.group.Members;
import io.synod.paxos.Message;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class MessageCodecTest {
    static final List<Message> EVERY_MESSAGE = List.of(
            new Message.PreVote(1, 2, 3, -4, 5),
            new Message.PreVoteReply(1, true, 2, 3, 4, -5, 6),
            new Message.Prepare(1, 2, 3),
            new Message.Promise(1, false, 2, 3, 4, 5, Long.MAX_VALUE),
            new Message.Fetch(1, 2, 3, 4, 5),
            new Message.Fetched(1, true, 2, 3, List.of(), 4),
            new Message.Accept(1, 2, 3, List.of(), 4, -5, 6, 7, 8, 9),
            new Message.SnapshotRequest(5),
            new Message.Removed(6),
            new Message.SnapshotOffer(1, 2, -3, 4, 5, new Members(List.of()), 6),
            new Message.SnapshotChunk(-1, 2, new byte[] {1, 2, 3}, 4),
            new Message.SnapshotReceived(-1, 2, Message.SnapshotState.INSTALLING),
            new Message.Accepted(1, 2, -3, 4, 5, 6, 7),
            new Message.Reject(1, 2, 3, 4, 5, 6, 7, 8, Long.MIN_VALUE),
            new Message.TransferNow(1, 2),
            new Message.ReadIndex(-1),
            new Message.Question(-1, new byte[] {1, 2}),
            new Message.Reply(2, new byte[] {3}),
            new Message.ReadIndexReply(1, -1, 3));

    private static Envelope roundTrip(Envelope envelope) throws MalformedFrameException {
        WireOutput out = new WireOutput(16);
        MessageCodec.encode(envelope, out);
        WireInput in = new WireInput(out.array(), 0, out.length());
        Envelope decoded = MessageCodec.decode(in);
        assertEquals(0, in.remaining());
        return decoded;
    }

    @Test
    void every_message_comes_out_as_it_went_in() throws Exception {
        for (Message message : EVERY_MESSAGE) {
            assertEquals(new Envelope(-9, message), roundTrip(new Envelope(-9, message)));
        }
    }

    @Test
    void list_of_messages_is_complete() {
        assertEquals(
                Message.class.getPermittedSubclasses().length,
                EVERY_MESSAGE.stream().map(Object::getClass).distinct().count());
    }

    @Test
    void entries_keep_kind_epoch_index_and_payload() throws Exception {
        byte[] payload = new byte[100_000];
        new Random(1).nextBytes(payload);
        List<Entry> entries = List.of(
                Entry.barrier(7, 1),
                new Entry(7, 2, EntryKind.DATA, payload),
                new Entry(8, 3, EntryKind.CONFIG, new byte[] {1}));
        Message.Accept accept = new Message.Accept(8, 0, 0, entries, 1, 2, 3, 4, 5);
        Message.Accept decoded =
                (Message.Accept) roundTrip(new Envelope(1, accept)).message();
        assertEquals(3, decoded.entries().size());
        for (int i = 0; i < entries.size(); i++) {
            Entry before = entries.get(i);
            Entry after = decoded.entries().get(i);
            assertEquals(before.toString(), after.toString());
            assertArrayEquals(before.payload(), after.payload());
        }
    }

    @Test
    void message_of_a_later_version_is_skipped() throws Exception {
        WireOutput out = new WireOutput(16);
        out.putLong(5);
        out.putByte(99);
        out.putText("from the future");
        MessageCodec.encode(new Envelope(6, new Message.ReadIndex(1)), out);
        WireInput in = new WireInput(out.array(), 0, out.length());
        assertNull(MessageCodec.decode(in));
        assertEquals(new Envelope(6, new Message.ReadIndex(1)), MessageCodec.decode(in));
    }

    @Test
    void field_that_a_later_version_appended_is_skipped() throws Exception {
        WireOutput out = new WireOutput(16);
        out.putLong(5);
        out.putByte(11);
        out.putInt(12);
        out.putLong(77);
        out.putInt(4711);
        assertEquals(
                new Envelope(5, new Message.ReadIndex(77)),
                MessageCodec.decode(new WireInput(out.array(), 0, out.length())));
    }

    /** A frame with all messages; {@code body} is filled by the caller. */
    private static byte[] frame(List<Message> messages) {
        WireOutput out = new WireOutput(16);
        FrameCodec codec = new FrameCodec();
        codec.begin(out, FrameCodec.MESSAGES, messages.size(), 42);
        messages.forEach(m -> MessageCodec.encode(new Envelope(1, m), out));
        codec.end(out);
        return Arrays.copyOf(out.array(), out.length());
    }

    private static List<Message> read(byte[] bytes) throws IOException {
        FrameReader reader = new FrameReader(new ByteArrayInputStream(bytes), new byte[0]);
        List<Message> messages = new ArrayList<>();
        boolean more = true;
        while (more) {
            Frame frame = reader.next(1 << 20);
            for (int i = 0; i < frame.parts(); i++) {
                Envelope envelope = MessageCodec.decode(frame.body());
                if (envelope != null) {
                    messages.add(envelope.message());
                }
            }
            more = frame.more();
        }
        return messages;
    }

    @Test
    void frames_in_one_read_are_taken_one_by_one_and_told_apart() throws Exception {
        byte[] first = frame(EVERY_MESSAGE);
        byte[] second = frame(EVERY_MESSAGE.subList(0, 3));
        byte[] both = Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, both, first.length, second.length);
        List<Message> expected = new ArrayList<>(EVERY_MESSAGE);
        expected.addAll(EVERY_MESSAGE.subList(0, 3));
        assertEquals(expected, read(both));
    }

    @Test
    void each_flipped_bit_of_a_frame_is_noticed() throws Exception {
        byte[] good = frame(EVERY_MESSAGE);
        for (int i = 0; i < good.length; i++) {
            byte[] bad = good.clone();
            bad[i] ^= (byte) (1 << (i % 8));
            assertThrows(IOException.class, () -> read(bad), "byte " + i);
        }
    }

    @Test
    void garbage_behind_a_valid_checksum_is_an_io_exception_and_nothing_worse() {
        long seed = Long.getLong("seed", 20_000);
        for (long s = seed; s < seed + 3_000; s++) {
            Random random = new Random(s);
            byte[] body = new byte[random.nextInt(200)];
            random.nextBytes(body);
            if (body.length > 13) {
                // Lead it into the bodies of known messages more often than chance would.
                body[8] = (byte) (1 + random.nextInt(13));
                body[9] = 0;
                body[10] = 0;
                body[11] = 0;
                body[12] = (byte) (body.length - 13);
            }
            WireOutput out = new WireOutput(16);
            FrameCodec codec = new FrameCodec();
            codec.begin(out, FrameCodec.MESSAGES, 1 + random.nextInt(3), 0);
            for (byte b : body) {
                out.putByte(b);
            }
            codec.end(out);
            try {
                read(Arrays.copyOf(out.array(), out.length()));
            } catch (IOException expected) {
                assertTrue(expected.getMessage() != null, "seed " + s);
            } catch (RuntimeException | Error e) {
                throw new AssertionError("seed " + s, e);
            }
        }
    }

    @Test
    void damaged_frames_of_any_kind_are_an_io_exception_and_nothing_worse() {
        long seed = Long.getLong("seed", 1);
        byte[] good = frame(EVERY_MESSAGE);
        for (long s = seed; s < seed + 2_000; s++) {
            Random random = new Random(s);
            byte[] bad = Arrays.copyOf(good, random.nextInt(good.length + 20));
            for (int n = random.nextInt(8); n >= 0 && bad.length > 0; n--) {
                bad[random.nextInt(bad.length)] = (byte) random.nextInt();
            }
            try {
                read(bad);
            } catch (IOException expected) {
                assertTrue(expected.getMessage() != null, "seed " + s);
            } catch (RuntimeException | Error e) {
                throw new AssertionError("seed " + s, e);
            }
        }
    }

    @Test
    void huge_length_is_refused_before_anything_is_allocated() {
        byte[] bad = frame(List.of());
        bad[8] = 0x7F;
        IOException e = assertThrows(IOException.class, () -> read(bad));
        assertTrue(e.getMessage().contains("limit"), e.getMessage());
    }
}
