package io.synod.engine.snapshot;

import io.synod.formats.Golden;
import io.synod.group.Member;
import io.synod.group.Members;
import io.synod.replica.Snapshots.Header;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files beside H2's that other releases have written, and the end of their snapshots: {@code formats/files.txt}. */
class SideFileFormatTest {
    private static final byte[] DIGEST = new byte[32];

    @TempDir
    private Path directory;

    private static Header header() {
        SnapshotTrailer trailer = new SnapshotTrailer(4096, 17, 258, DIGEST);
        Members members = new Members(List.of(new Member(1, "a", new UUID(1, 2), Member.Role.VOTER, "10.0.0.1:7101")));
        return new Header(SnapshotTrailer.VERSION, trailer.id(), 17, 258, members, 4096 + SnapshotTrailer.SIZE);
    }

    private Golden.Format<Object> format() {
        return new Golden.Format<>() {
            @Override
            public byte[] encode(Object value) throws Exception {
                if (value instanceof SnapshotTrailer trailer) {
                    return trailer.encode();
                }
                Path file = directory.resolve("file");
                ((CheckpointFile) value).write(file);
                return Files.readAllBytes(file);
            }

            @Override
            public Object decode(byte[] bytes) throws Exception {
                if (bytes.length == SnapshotTrailer.SIZE) {
                    return SnapshotTrailer.decode(bytes, header());
                }
                Path file = directory.resolve("file");
                Files.write(file, bytes);
                return CheckpointFile.read(file);
            }
        };
    }

    @Test
    void files_of_all_releases_are_read() throws Exception {
        Golden.of(SideFileFormatTest.class, "/formats/files.txt")
                .check(
                        Map.of(
                                "checkpoint", new CheckpointFile(4096, 17, new SnapshotHeader(header()), 99),
                                // Without a checksum of the file.
                                "checkpoint 1", new CheckpointFile(4096, 17, new SnapshotHeader(header())),
                                "checkpoint-of-own", new CheckpointFile(4096, 17, null, 99),
                                // Version 1 had no origin either.
                                "checkpoint-of-own 1", new CheckpointFile(4096, 17, null),
                                "checkpoint-of-own 2", new CheckpointFile(4096, 17, null),
                                "trailer", new SnapshotTrailer(4096, 17, 258, DIGEST)),
                        format());
    }
}
