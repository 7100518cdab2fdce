package io.synod.engine.node;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.jdbc.SynodUrl;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SerialsTest {
    private static Serials start(Path directory) throws Exception {
        NodeConfig config = NodeConfig.of(SynodUrl.parse("jdbc:synod:file:" + directory.resolve("shop"), null));
        return Serials.of(IdentityFile.open(directory, config));
    }

    @Test
    void no_number_is_given_out_twice_by_a_directory_however_often_it_is_started(@TempDir Path directory)
            throws Exception {
        Set<Long> seen = new HashSet<>();
        String origin = start(directory).origin();
        for (int starts = 0; starts < 20; starts++) {
            Serials serials = start(directory);
            assertEquals(origin, serials.origin());
            for (int i = 0; i < 50; i++) {
                assertTrue(seen.add(serials.getAsLong()));
            }
        }
        assertTrue(seen.stream().allMatch(serial -> serial > 0));
    }

    @Test
    void another_directory_is_another_origin(@TempDir Path one, @TempDir Path other) throws Exception {
        assertNotEquals(start(one).origin(), start(other).origin());
        assertNotEquals(Serials.of(null).origin(), Serials.of(null).origin());
    }
}
