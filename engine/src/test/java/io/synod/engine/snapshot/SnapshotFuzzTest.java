package io.synod.engine.snapshot;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.fuzz.Fuzz;
import io.synod.group.Member;
import io.synod.group.Members;
import io.synod.replica.Snapshots.Header;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What stands around a snapshot and beside an H2 file is what was written, or is refused, and costs little memory. */
@Timeout(value = 600, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class SnapshotFuzzTest {
    private static final int BUFFERS = 1 << 20;
    private static final int PER_BYTE = 64;
    private static final byte[] DIGEST = SnapshotTrailer.sha256().digest();
    private static final SnapshotTrailer TRAILER = new SnapshotTrailer(5000, 7, 8, DIGEST);
    private static final Header HEADER = new Header(
            SnapshotTrailer.VERSION,
            TRAILER.id(),
            7,
            8,
            new Members(List.of(
                    new Member(1, "a", new UUID(1, 2), Member.Role.VOTER, "localhost:1"),
                    new Member(2, "b", new UUID(3, 4), Member.Role.LEARNER, "localhost:2"))),
            5000 + SnapshotTrailer.SIZE);

    @TempDir
    private Path directory;

    private interface Decoding {
        Object of(byte[] bytes) throws IOException;
    }

    /** @return {@code null} where it was refused */
    private static Object decoded(byte[] bytes, Decoding decoding) {
        long before = Fuzz.allocated();
        Object decoded = null;
        try {
            decoded = decoding.of(bytes);
        } catch (IllegalArgumentException | IOException e) {
            assertNotNull(e.getMessage());
        }
        long allocated = Fuzz.allocated() - before;
        assertTrue(
                allocated <= BUFFERS + (long) PER_BYTE * bytes.length,
                () -> allocated + " bytes allocated for " + bytes.length);
        return decoded;
    }

    /** Half of the time with a checksum at the end that is right. */
    private static byte[] spoilt(byte[] valid, Random random) {
        byte[] bytes = random.nextInt(8) == 0 ? Fuzz.noise(random, 200) : Fuzz.mutated(valid, random);
        if (bytes.length >= 4 && random.nextBoolean()) {
            CRC32C crc = new CRC32C();
            crc.update(bytes, 0, bytes.length - 4);
            ByteBuffer.wrap(bytes).putInt(bytes.length - 4, (int) crc.getValue());
        }
        return bytes;
    }

    @Test
    void a_header_is_one_or_is_refused() {
        byte[] valid = new SnapshotHeader(HEADER).encode();
        assertEquals(HEADER, SnapshotHeader.read(ByteBuffer.wrap(valid)).header());
        byte[] twice = valid.clone();
        // Behind format and count: two members of one slot.
        int first = 4 + 8 * 4 + 4 + 1 + 4;
        int second = first + 4 + 2 + 1 + 16 + 1 + 2 + "localhost:1".length();
        assertEquals(2, ByteBuffer.wrap(twice).getInt(second));
        ByteBuffer.wrap(twice).putInt(second, 1);
        assertThrows(IllegalArgumentException.class, () -> SnapshotHeader.read(ByteBuffer.wrap(twice)));
        Fuzz.run("snapshot headers", random -> {
            SnapshotHeader read = (SnapshotHeader)
                    decoded(spoilt(valid, random), bytes -> SnapshotHeader.read(ByteBuffer.wrap(bytes)));
            if (read == null) {
                return "refused";
            }
            byte[] once = read.encode();
            assertArrayEquals(once, SnapshotHeader.read(ByteBuffer.wrap(once)).encode());
            return "header";
        });
    }

    /** Its checksum is the id that the header has: no other trailer passes. */
    @Test
    void a_trailer_is_the_one_of_its_header_or_is_refused() throws IOException {
        byte[] valid = TRAILER.encode();
        assertEquals(TRAILER, SnapshotTrailer.decode(valid, HEADER));
        Fuzz.run("snapshot trailers", random -> {
            Object read = decoded(spoilt(valid, random), bytes -> SnapshotTrailer.decode(bytes, HEADER));
            if (read == null) {
                return "refused";
            }
            assertEquals(TRAILER, read);
            return "trailer";
        });
    }

    @Test
    void a_checkpoint_is_one_or_is_refused() throws IOException {
        Path file = directory.resolve("shop.checkpoint");
        new CheckpointFile(5000, 7, new SnapshotHeader(HEADER), 99).write(file);
        byte[] valid = Files.readAllBytes(file);
        Fuzz.run("checkpoints", random -> {
            byte[] spoilt = spoilt(valid, random);
            Files.write(file, spoilt);
            return decoded(spoilt, bytes -> CheckpointFile.read(file)) == null ? "refused" : "checkpoint";
        });
    }

    /** What is decided is carried out, whatever it is; what cannot be read of it is damage. */
    @Test
    void a_replacement_is_one_or_is_refused() throws IOException {
        DatabaseFiles files = new DatabaseFiles(directory.resolve("shop"));
        Replacement.decide(
                files, Replacement.Source.INCOMING, new CheckpointFile(5000, 7, new SnapshotHeader(HEADER), null));
        byte[] valid = Files.readAllBytes(files.replacement());
        Fuzz.run("replacements", random -> {
            byte[] spoilt = spoilt(valid, random);
            Files.write(files.replacement(), spoilt);
            return decoded(spoilt, bytes -> Replacement.finish(files)) == null ? "refused" : "replacement";
        });
    }

    /**
     * Half of a snapshot is here, in pieces, and something is wrong with what stands on the disk: it arrives as it was sent, or is refused
     * once and then arrives.
     */
    @Test
    void a_damaged_snapshot_on_its_way_in_is_sent_again_as_far_as_it_is_damaged() {
        DatabaseFiles files = new DatabaseFiles(directory.resolve("shop"));
        byte[] content = Fuzz.noise(new Random(5), 5000);
        SnapshotTrailer trailer = new SnapshotTrailer(
                content.length, 7, 8, SnapshotTrailer.sha256().digest(content));
        byte[] sent = Fuzz.joined(content, trailer.encode());
        Header header = new Header(SnapshotTrailer.VERSION, trailer.id(), 7, 8, HEADER.members(), sent.length);
        Fuzz.run("damaged snapshots on their way in", random -> {
            IncomingSnapshot.discard(files);
            int there = random.nextInt(sent.length + 1);
            for (int upTo = 0; upTo < there; ) {
                upTo = Math.min(there, upTo + 1 + random.nextInt(2000));
                receive(files, header, sent, upTo);
            }
            for (Path file : List.of(files.incoming(), files.progress())) {
                if (Files.exists(file) && random.nextInt(3) > 0) {
                    Files.write(file, Fuzz.mutated(Files.readAllBytes(file), random));
                }
            }
            try {
                installed(files, header, sent);
                return "whole";
            } catch (IOException e) {
                assertNotNull(e.getMessage());
                installed(files, header, sent);
                return "refused, and then whole";
            }
        });
    }

    private static void receive(DatabaseFiles files, Header header, byte[] sent, int upTo) throws IOException {
        long before = Fuzz.allocated();
        IncomingSnapshot to = IncomingSnapshot.open(files, header, (of, length) -> {});
        long allocated = Fuzz.allocated() - before;
        assertTrue(allocated <= BUFFERS + (long) PER_BYTE * sent.length, () -> allocated + " bytes allocated");
        try (to) {
            while (to.received() < upTo) {
                int from = (int) to.received();
                to.write(Arrays.copyOfRange(sent, from, Math.min(upTo, from + 700)));
            }
        }
    }

    private static void installed(DatabaseFiles files, Header header, byte[] sent) throws IOException {
        receive(files, header, sent, sent.length);
        try (IncomingSnapshot whole = IncomingSnapshot.open(
                files,
                header,
                (of, length) -> assertArrayEquals(
                        sent, Files.readAllBytes(files.incoming()), "what is installed is what was sent"))) {
            assertEquals(sent.length, whole.received());
            whole.install();
        }
    }

    /** Nothing counts as received that is not what was. */
    @Test
    void progress_is_what_was_received_or_less() throws IOException {
        Path path = directory.resolve("shop.incoming");
        byte[] content = Fuzz.noise(new Random(5), 3000);
        Path data = Files.write(directory.resolve("data"), content);
        try (FileChannel in = FileChannel.open(data, StandardOpenOption.READ)) {
            try (IncomingProgress progress = IncomingProgress.open(path, HEADER, in)) {
                for (int at = 0; at < content.length; at += 500) {
                    byte[] piece = new byte[Math.min(500, content.length - at)];
                    System.arraycopy(content, at, piece, 0, piece.length);
                    progress.written(piece);
                    progress.forced();
                }
            }
            byte[] valid = Files.readAllBytes(path);
            Fuzz.run("progress", random -> {
                byte[] spoilt = random.nextInt(8) == 0 ? Fuzz.noise(random, 200) : Fuzz.mutated(valid, random);
                Files.write(path, spoilt);
                long[] received = {0};
                decoded(spoilt, bytes -> {
                    try (IncomingProgress progress = IncomingProgress.open(path, HEADER, in)) {
                        received[0] = progress.received();
                        return progress;
                    }
                });
                assertTrue(received[0] <= content.length);
                return received[0] == content.length ? "all" : received[0] == 0 ? "nothing" : "some";
            });
        }
    }
}
