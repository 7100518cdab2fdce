package io.synod.log;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.formats.Golden;
import io.synod.group.Base;
import io.synod.group.Entry;
import io.synod.group.EntryKind;
import io.synod.group.Member;
import io.synod.group.Members;
import io.synod.log.EntryLog.Append;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Logs of other releases are read, or refused as they are: {@code formats/log.txt}. */
class LogFormatTest {
    private static final int BATCH = 5;

    @TempDir
    private Path directory;

    private static List<Append> batch() {
        Members members = new Members(List.of(new Member(1, "a", new UUID(1, 2), Member.Role.VOTER, "10.0.0.1:7101")));
        return List.of(
                Append.promise(3, 258),
                Append.entry(3, new Entry(258, 7, EntryKind.DATA, new byte[] {1, 2, 3, 4, 5})),
                Append.entry(3, new Entry(258, 8, EntryKind.CONFIG, members.encode())),
                Append.entry(4, Entry.barrier(257, 1)),
                Append.base(4, new Base(9, 257, members), true));
    }

    /** A batch, record header included. */
    private static final Golden.Format<List<Append>> BATCHES = new Golden.Format<>() {
        @Override
        public byte[] encode(List<Append> batch) {
            BatchEncoder encoder = new BatchEncoder(ChronicleEntryLogTest.SMALL);
            encoder.encode(batch, BATCH, 4);
            assertEquals(1, encoder.count());
            return encoder.record(0).toByteArray();
        }

        @Override
        public List<Append> decode(byte[] bytes) {
            ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
            EntryCodec codec = new EntryCodec();
            assertTrue(codec.isRecord(in, 0));
            assertEquals(EntryCodec.Verdict.WHOLE, codec.verify(in, EntryCodec.RECORD_HEADER, bytes.length, BATCH));
            List<Append> read = new ArrayList<>();
            EntryCodec.records(
                    in, EntryCodec.RECORD_HEADER, bytes.length, (kind, group, epoch, index, from, at, length) -> {
                        if (kind == EntryCodec.PROMISE) {
                            read.add(Append.promise(group, epoch));
                        } else if (kind == EntryCodec.BASE) {
                            read.add(EntryCodec.baseOf(group, epoch, index, from, at, length));
                        } else {
                            read.add(Append.entry(group, EntryCodec.entryOf(kind, epoch, index, from, at, length)));
                        }
                    });
            return read;
        }
    };

    @Test
    void batches_of_all_releases_are_read() throws Exception {
        Golden.of(LogFormatTest.class, "/formats/log.txt").check(Map.of("batch", batch()), BATCHES);
    }

    @Test
    void manifests_of_all_releases_are_read() throws Exception {
        TreeMap<Integer, Long> sealed = new TreeMap<>(Map.of(20_000, 17L, 20_001, 33L));
        Golden.of(LogFormatTest.class, "/formats/manifest.txt")
                .check(
                        Map.of(
                                "manifest", new Manifest(true, 40, 12, sealed),
                                // It never deleted anything.
                                "manifest 1", new Manifest(true, 40, 1, sealed)),
                        new Golden.Format<Manifest>() {
                            @Override
                            public byte[] encode(Manifest manifest) throws IOException {
                                manifest.write(directory);
                                return Files.readAllBytes(directory.resolve("MANIFEST"));
                            }

                            @Override
                            public Manifest decode(byte[] bytes) throws IOException {
                                Files.write(directory.resolve("MANIFEST"), bytes);
                                return Manifest.read(directory);
                            }
                        });
    }

    /** Where it passed for damage, a node that goes back to the release before would set its log aside, or drop the end of it. */
    @Test
    void records_of_a_later_release_are_no_damage() throws Exception {
        for (boolean told : new boolean[] {true, false}) {
            Path log = directory.resolve("log-" + told);
            try (EntryLog writes = ChronicleEntryLog.open(log, ChronicleEntryLogTest.SMALL)) {
                for (int i = 1; i <= 3; i++) {
                    writes.append(List.of(Append.entry(1, new Entry(257, i, EntryKind.DATA, new byte[] {1}))));
                    writes.force();
                }
            }
            Path segment = new Segments(log, 0).list().values().iterator().next();
            countUpVersions(segment, told ? 1 : 3);
            if (!told) {
                Files.delete(log.resolve("MANIFEST"));
            }
            byte[] before = Files.readAllBytes(segment);
            IOException refused = assertThrows(
                    IOException.class,
                    () -> ChronicleEntryLog.open(log, ChronicleEntryLogTest.SMALL)
                            .close());
            assertFalse(refused instanceof DamagedLogException, refused.toString());
            assertTrue(refused.getMessage().contains("version 2"), refused.getMessage());
            assertTrue(refused.getMessage().contains("reads version 1"), refused.getMessage());
            assertArrayEquals(before, Files.readAllBytes(segment));
        }
    }

    /** From the n-th batch on. */
    private static void countUpVersions(Path segment, long from) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(segment)).order(ByteOrder.LITTLE_ENDIAN);
        EntryCodec codec = new EntryCodec();
        int changed = 0;
        for (int at = 0; at <= bytes.limit() - EntryCodec.RECORD_HEADER; at += 4) {
            if (codec.isRecord(bytes, at) && EntryCodec.number(bytes, at) >= from) {
                bytes.putInt(at + 4, 2);
                CRC32C crc = new CRC32C();
                crc.update(bytes.array(), at, EntryCodec.RECORD_HEADER - 4);
                bytes.putInt(at + EntryCodec.RECORD_HEADER - 4, (int) crc.getValue());
                changed++;
            }
        }
        assertTrue(changed > 0, "records in " + segment);
        Files.write(segment, bytes.array());
    }
}
