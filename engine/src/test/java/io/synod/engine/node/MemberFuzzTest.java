package io.synod.engine.node;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.fuzz.Fuzz;
import io.synod.group.Epoch;
import io.synod.group.Member;
import io.synod.group.Members;
import io.synod.paxos.MemberChange;
import io.synod.paxos.MemberChange.Refusal;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.function.Function;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What nodes ask and tell each other about who belongs to the cluster: it is understood, and makes sense, or is refused. */
@Timeout(value = 600, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class MemberFuzzTest {
    private static final UUID DIRECTORY = new UUID(5, 6);
    /** Such as what a class that is used for the first time takes. */
    private static final int BUFFERS = 1 << 20;

    private static final int PER_BYTE = 64;

    private static final List<byte[]> CHANGES = Arrays.stream(MemberChange.Kind.values())
            .map(kind -> MemberMessages.encode(new MemberChange(kind, "d", DIRECTORY, "10.0.0.4:7101", 4)))
            .toList();

    private static final String PLACES = NodePlace.encode(List.of(
            new Member(1, "a", Member.UNSEEN, Member.Role.VOTER, "10.0.0.1:7101"),
            new Member(4, "d", DIRECTORY, Member.Role.LEARNER, "[::1]:7101")));

    private static byte[] spoilt(byte[] valid, Random random) {
        return random.nextInt(8) == 0 ? Fuzz.noise(random, 100) : Fuzz.mutated(valid, random);
    }

    /** @return {@code null} where it was refused */
    private static <T> T decoded(int size, Supplier<T> decoding) {
        long before = Fuzz.allocated();
        T decoded = null;
        try {
            decoded = decoding.get();
        } catch (IllegalArgumentException e) {
            assertNotNull(e.getMessage());
        }
        long allocated = Fuzz.allocated() - before;
        assertTrue(allocated <= BUFFERS + (long) PER_BYTE * size, () -> allocated + " bytes allocated for " + size);
        return decoded;
    }

    @Test
    void a_change_is_one_or_is_refused() {
        Function<byte[], byte[]> again = bytes -> MemberMessages.encode(MemberMessages.decode(bytes));
        CHANGES.forEach(valid -> assertArrayEquals(valid, again.apply(valid)));
        Fuzz.run("changes of members", random -> {
            byte[] bytes = spoilt(CHANGES.get(random.nextInt(CHANGES.size())), random);
            MemberChange change = decoded(bytes.length, () -> MemberMessages.decode(bytes));
            if (change == null) {
                return "refused";
            }
            byte[] once = MemberMessages.encode(change);
            assertArrayEquals(once, again.apply(once));
            assertTrue(change.slot() >= 0 && change.slot() < Epoch.SLOT_MAX, change::toString);
            return "change";
        });
    }

    /** Whatever is spoilt in a reason: it does not pass for none. */
    @Test
    void an_answer_is_one_or_is_refused() {
        Fuzz.run("answers about members", random -> {
            Refusal refusal = Refusal.values()[random.nextInt(Refusal.values().length)];
            byte[] bytes = MemberMessages.answer(refusal);
            bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
            Refusal[] read = {null};
            Boolean understood = decoded(bytes.length, () -> {
                read[0] = MemberMessages.decodeAnswer(bytes);
                return true;
            });
            assertTrue(understood == null || read[0] != null, () -> refusal + " passes for done");
            byte[] noise = spoilt(MemberMessages.answer(refusal), random);
            decoded(noise.length, () -> String.valueOf(MemberMessages.decodeAnswer(noise)));
            return understood == null ? "refused" : "answer";
        });
    }

    /** What a node that joins takes for its place, and writes into its directory. */
    @Test
    void places_are_some_that_a_node_can_have_or_are_refused() {
        assertEquals(PLACES, NodePlace.encode(NodePlace.decode(PLACES).all()));
        assertThrows(IllegalArgumentException.class, () -> NodePlace.decode(","), "seed 130982");
        Fuzz.run("places", random -> {
            String text;
            if (random.nextBoolean()) {
                String[] parts = PLACES.split("(?<=[=@,])");
                parts[random.nextInt(parts.length)] = random.nextBoolean() ? "" : Fuzz.extreme(random) + "=";
                text = String.join("", parts);
            } else {
                text = new String(
                        spoilt(PLACES.getBytes(StandardCharsets.ISO_8859_1), random), StandardCharsets.ISO_8859_1);
            }
            Members members = decoded(text.length(), () -> NodePlace.decode(text));
            if (members == null) {
                return "refused";
            }
            for (Member member : members.all()) {
                assertTrue(
                        member.slot() > 0
                                && member.slot() < Epoch.SLOT_MAX
                                && !member.name().isEmpty(),
                        () -> "'" + text + "' gave " + members);
            }
            assertEquals(members, NodePlace.decode(NodePlace.encode(members.all())));
            return "places";
        });
    }
}
