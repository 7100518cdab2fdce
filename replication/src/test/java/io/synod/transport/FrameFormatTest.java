package io.synod.transport;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.synod.formats.Golden;
import io.synod.group.Entry;
import io.synod.group.EntryKind;
import io.synod.group.Member;
import io.synod.group.Members;
import io.synod.paxos.Message;
import java.io.ByteArrayInputStream;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** What peers of other releases send is understood, and they are sent what they understand: {@code formats/frames.txt}. */
class FrameFormatTest {
    private static final long GROUP = 0x0102030405060708L;
    private static final Hello HELLO = new Hello(
            1, 1, "cluster", "1=a,2=b,3=c:LEARNER", "a", 1, new UUID(3, 4), Hello.Kind.CONTROL, "127.0.0.1:7201");

    private static Map<String, Message> messages() {
        List<Entry> entries = List.of(
                Entry.barrier(7, 1),
                new Entry(7, 2, EntryKind.DATA, new byte[] {9, 8, 7}),
                new Entry(8, 3, EntryKind.CONFIG, members().encode()));
        Map<String, Message> messages = new LinkedHashMap<>();
        for (Message message : MessageCodecTest.EVERY_MESSAGE) {
            messages.put(message.getClass().getSimpleName(), message);
        }
        messages.put("Accept-entries", new Message.Accept(8, 1, 7, entries, 2, 3, 4, 5, 6, 7));
        messages.put("Fetched-entries", new Message.Fetched(8, true, 1, 7, entries, 4));
        // The first release told neither what all have, nor where its log begins.
        messages.put("Accept 1", new Message.Accept(1, 2, 3, List.of(), 4, -5, 6, 7, 8));
        messages.put("Accept-entries 1", new Message.Accept(8, 1, 7, entries, 2, 3, 4, 5, 6));
        messages.put("Fetched 1", new Message.Fetched(1, true, 2, 3, List.of(), 0));
        messages.put("Fetched-entries 1", new Message.Fetched(8, true, 1, 7, entries, 0));
        messages.put("SnapshotOffer-members", new Message.SnapshotOffer(1, 1, -3, 4, 5, members(), 6));
        return messages;
    }

    /** One was removed: the next slot is not that behind the last. */
    private static Members members() {
        return new Members(
                List.of(
                        new Member(1, "a", new UUID(1, 2), Member.Role.VOTER, "10.0.0.1:7101"),
                        new Member(2, "b", Member.UNSEEN, Member.Role.LEARNER, "10.0.0.2:7101")),
                5);
    }

    @Test
    void messages_of_all_releases_are_understood() throws Exception {
        Golden.of(FrameFormatTest.class, "/formats/messages.txt").check(messages(), new Golden.Format<Message>() {
            @Override
            public byte[] encode(Message message) {
                WireOutput out = new WireOutput(16);
                MessageCodec.encode(GROUP, message, out);
                return Arrays.copyOf(out.array(), out.length());
            }

            @Override
            public Message decode(byte[] bytes) throws Exception {
                Envelope envelope = MessageCodec.decode(new WireInput(bytes, 0, bytes.length));
                assertEquals(GROUP, envelope.group());
                return envelope.message();
            }
        });
    }

    @Test
    void hellos_of_all_releases_are_understood() throws Exception {
        Map<String, Hello> hellos = new LinkedHashMap<>();
        hellos.put("hello", HELLO);
        // The first release did not say where its clients reach it.
        hellos.put(
                "hello 1", new Hello(1, 1, "cluster", HELLO.members(), "a", 1, new UUID(3, 4), Hello.Kind.CONTROL, ""));
        Golden.of(FrameFormatTest.class, "/formats/hello.txt").check(hellos, new Golden.Format<Hello>() {
            @Override
            public byte[] encode(Hello hello) {
                FrameCodec codec = new FrameCodec();
                WireOutput out = new WireOutput(16);
                codec.begin(out, FrameCodec.HELLO, 0, 0);
                hello.encode(out);
                codec.end(out);
                return Arrays.copyOf(out.array(), out.length());
            }

            @Override
            public Hello decode(byte[] bytes) throws Exception {
                Frame frame = new FrameReader(new ByteArrayInputStream(bytes), new byte[0])
                        .next(FrameCodec.MAX_HANDSHAKE_BYTES);
                assertEquals(FrameCodec.HELLO, frame.type());
                return Hello.decode(frame.body());
            }
        });
    }
}
