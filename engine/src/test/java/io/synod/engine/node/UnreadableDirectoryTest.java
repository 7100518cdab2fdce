package io.synod.engine.node;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.synod.group.Epoch;
import io.synod.jdbc.SynodUrl;
import io.synod.log.EntryLog.Append;
import io.synod.log.UnreadableSectors;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Something of a node's directory is not what was written, or the disk does not give it. */
class UnreadableDirectoryTest {
    private static final long GROUP = 7;

    enum Damage {
        IDENTITY {
            @Override
            Closeable to(Path directory) throws IOException {
                return unreadable(directory.resolve("node.properties"));
            }
        },
        STAMP {
            @Override
            Closeable to(Path directory) throws IOException {
                return unreadable(directory.resolve("log/INCARNATION"));
            }
        },
        MARK {
            @Override
            Closeable to(Path directory) {
                return UnreadableSectors.all(directory.resolve("log/DURABLE"));
            }
        },
        SEGMENT {
            @Override
            Closeable to(Path directory) throws IOException {
                try (Stream<Path> files = Files.list(directory.resolve("log"))) {
                    Path segment = files.filter(file -> file.toString().endsWith(".cq4"))
                            .findFirst()
                            .orElseThrow();
                    return UnreadableSectors.at(segment, 0);
                }
            }
        };

        abstract Closeable to(Path directory) throws IOException;

        /** What nothing is mapped in gives an Input/output error, as a disk does. */
        private static Closeable unreadable(Path file) throws IOException {
            Path memory = Path.of("/proc/self/mem");
            assumeTrue(Files.exists(memory), "needs Linux");
            byte[] whole = Files.readAllBytes(file);
            Files.delete(file);
            Files.createSymbolicLink(file, memory);
            return () -> {
                if (Files.isSymbolicLink(file)) {
                    Files.delete(file);
                    Files.write(file, whole);
                }
            };
        }
    }

    @TempDir
    private Path directory;

    private NodeConfig config(String more) throws Exception {
        return NodeConfig.of(SynodUrl.parse(
                "jdbc:synod:file:" + directory.resolve("shop") + ";NODE=a;LISTEN=127.0.0.1:7101;" + more, null));
    }

    private NodeConfig withPeers() throws Exception {
        return config("PEERS=b@127.0.0.1:7102,c@127.0.0.1:7103");
    }

    private static UUID begin(NodeConfig config) throws Exception {
        NodeDirectory opened = NodeDirectory.open(config);
        try (var log = opened.log()) {
            log.append(List.of(Append.promise(GROUP, Epoch.of(3, 1))));
            log.force();
            return opened.identity().incarnation();
        }
    }

    @ParameterizedTest
    @EnumSource
    void node_with_peers_sets_it_aside_and_has_to_come_back(Damage damage) throws Exception {
        UUID before = begin(withPeers());
        NodeDirectory opened;
        Closeable done = damage.to(directory);
        try (done) {
            opened = NodeDirectory.open(withPeers(), () -> {});
        }
        try (var log = opened.log()) {
            assertTrue(log.isEmpty());
            assertTrue(opened.identity().comingBack().returns());
            assertFalse(before.equals(opened.identity().incarnation()));
            assertTrue(Files.isDirectory(directory.resolve("set-aside-1/log")));
        }
    }

    /** As of a disk whose cable was touched: a node must not lose its past for it. */
    @ParameterizedTest
    @EnumSource
    void damage_that_is_gone_when_it_is_read_again_is_none(Damage damage) throws Exception {
        UUID before = begin(withPeers());
        Closeable done = damage.to(directory);
        AtomicInteger pauses = new AtomicInteger();
        NodeDirectory opened = NodeDirectory.open(withPeers(), () -> {
            pauses.incrementAndGet();
            assertDoesNotThrow(done::close);
        });
        try (var log = opened.log()) {
            assertEquals(1, pauses.get());
            assertEquals(before, opened.identity().incarnation());
            assertFalse(opened.identity().comingBack().returns());
            assertEquals(Epoch.of(3, 1), log.recovered(GROUP).promised());
            assertFalse(Files.exists(directory.resolve("set-aside-1")));
        }
    }

    /** It only repeats what the rest of the log says. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void manifest_of_the_log_alone_is_no_loss(boolean alone) throws Exception {
        NodeConfig config = alone ? config("") : withPeers();
        UUID before = begin(config);
        Path manifest = directory.resolve("log/MANIFEST");
        byte[] bytes = Files.readAllBytes(manifest);
        bytes[bytes.length / 2] ^= 1;
        Files.write(manifest, bytes);
        NodeDirectory opened = NodeDirectory.open(config, () -> fail("nothing is missing"));
        try (var log = opened.log()) {
            assertEquals(before, opened.identity().incarnation());
            assertEquals(Epoch.of(3, 1), log.recovered(GROUP).promised());
        }
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "STAMP")
    void node_alone_refuses_and_leaves_it_as_it_is(Damage damage) throws Exception {
        begin(config(""));
        Closeable done = damage.to(directory);
        try (done) {
            Exception e = assertThrows(Exception.class, () -> NodeDirectory.open(config("")));
            assertTrue(e.getMessage().contains("damaged") && e.getMessage().contains("backup"), e.toString());
            assertFalse(Files.exists(directory.resolve("set-aside-1")));
        }
        if (damage == Damage.MARK || damage == Damage.SEGMENT) {
            try (var log = NodeDirectory.open(config("")).log()) {
                assertEquals(Epoch.of(3, 1), log.recovered(GROUP).promised());
            }
        }
    }
}
