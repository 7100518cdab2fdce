package io.synod.engine.node;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.jdbc.SynodUrl;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class IdentityFileTest {
    @TempDir
    private Path directory;

    private IdentityFile open() throws Exception {
        NodeConfig config =
                NodeConfig.of(SynodUrl.parse("jdbc:synod:file:" + directory.resolve("shop") + ";NODE=a", null));
        return IdentityFile.open(directory, config);
    }

    private Path file() {
        return directory.resolve("node.properties");
    }

    /** Whatever bit it is: the node is who it was, or it does not start. */
    @Test
    void no_bit_of_it_may_turn() throws Exception {
        UUID incarnation = open().incarnation();
        UUID peer = new UUID(7, 7);
        open().firstSeen("b", peer);
        byte[] good = Files.readAllBytes(file());
        int refused = 0;
        for (int at = 0; at < good.length; at++) {
            // All eight would force the disk some thousand times.
            int bit = 8 * at + at * 5 % 8;
            byte[] bad = good.clone();
            bad[at] ^= (byte) (1 << bit % 8);
            Files.write(file(), bad);
            try {
                IdentityFile opened = open();
                assertEquals(incarnation, opened.incarnation(), "bit " + bit);
                assertEquals(peer, opened.firstSeen("b", new UUID(8, 8)), "bit " + bit);
                assertTrue(opened.starts() >= 3, "bit " + bit + ": a number would be used again");
            } catch (SQLException e) {
                assertTrue(e.getMessage().contains("backup") || e.getSQLState().equals("90096"), e.getMessage());
                refused++;
            }
        }
        assertTrue(refused > good.length / 3, refused + " of " + good.length);
    }

    @Test
    void nothing_of_it_may_be_missing() throws Exception {
        open();
        byte[] good = Files.readAllBytes(file());
        String text = new String(good, StandardCharsets.ISO_8859_1);
        for (String part : new String[] {"", text.substring(0, 60), text.substring(0, text.length() / 2)}) {
            Files.writeString(file(), part, StandardCharsets.ISO_8859_1);
            assertThrows(SQLException.class, this::open, part);
        }
        Files.write(file(), good);
        assertEquals(2, open().starts());
    }

    /** It keeps lines that it does not know. */
    @Test
    void an_earlier_release_may_write_it_in_between() throws Exception {
        UUID incarnation = open().incarnation();
        String text = Files.readString(file());
        Files.writeString(file(), text.replace("starts=1", "starts=2") + "peer.c=" + new UUID(1, 2) + "\n");
        assertEquals(incarnation, open().incarnation());
        Files.writeString(file(), text.replaceAll("sum=.*\n", ""));
        assertEquals(incarnation, open().incarnation());
    }

    /** Else a peer that was never written down would be refused its own directory until the next start, or taken for met. */
    @Test
    void what_could_not_be_written_is_not_so() throws Exception {
        IdentityFile identity = open();
        Path blocked = directory.resolve("node.properties.tmp");
        Files.createDirectory(blocked);
        UUID lost = new UUID(1, 1);
        assertThrows(IOException.class, () -> identity.firstSeen("b", 2, lost));
        assertThrows(IOException.class, () -> identity.noteRemoved("shop", 7));
        assertThrows(IOException.class, () -> identity.comingBack().noteReplaced(4));
        assertFalse(identity.hasMet("b", lost));
        assertNull(identity.removedFrom("shop"));
        Files.delete(blocked);
        UUID met = new UUID(2, 2);
        assertEquals(met, identity.firstSeen("b", 2, met));
        assertEquals(met, open().firstSeen("b", 2, lost));
    }
}
