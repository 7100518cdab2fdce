package io.synod.engine.node;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.fuzz.Fuzz;
import io.synod.group.Member;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What nodes ask and tell each other when one comes back or joins: it is understood, or refused. */
@Timeout(value = 600, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class StandingFuzzTest {
    private static final UUID SELF = new UUID(1, 2);
    private static final int BUFFERS = 1 << 20;
    private static final Standing STANDING = new Standing(
            true,
            true,
            false,
            List.of(new Standing.Other(5, true, 3, true), new Standing.Other(0, false, 4, false)),
            List.of(
                    new Member(1, "a", SELF, Member.Role.VOTER, "localhost:1"),
                    new Member(2, "b", new UUID(3, 4), Member.Role.WITNESS, "localhost:2")),
            2,
            "why; it is so");

    private static String spoilt(String valid, Random random) {
        if (random.nextInt(8) == 0) {
            return new String(Fuzz.noise(random, 100), StandardCharsets.ISO_8859_1);
        }
        if (random.nextBoolean()) {
            String[] parts = valid.split("(?<=[;,:@])");
            parts[random.nextInt(parts.length)] = random.nextBoolean() ? "" : Fuzz.extreme(random) + ";";
            return String.join("", parts);
        }
        byte[] bytes = Fuzz.mutated(valid.getBytes(StandardCharsets.ISO_8859_1), random);
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }

    @Test
    void an_answer_is_one_or_is_refused() {
        String valid = STANDING.encode(SELF, "a");
        assertEquals(valid, Standing.decode(valid, SELF).encode(SELF, "a"));
        Fuzz.run("standings", random -> {
            String text = spoilt(valid, random);
            long before = Fuzz.allocated();
            Standing read = null;
            try {
                read = Standing.decode(text, SELF);
            } catch (IllegalArgumentException e) {
                assertNotNull(e.getMessage());
            }
            long allocated = Fuzz.allocated() - before;
            assertTrue(allocated <= BUFFERS, () -> allocated + " bytes allocated for " + text.length());
            return read == null ? "refused" : "standing";
        });
    }
}
