package io.synod.engine.snapshot;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.engine.writeset.Member;
import io.synod.group.Members;
import io.synod.replica.Snapshots.Header;
import io.synod.replica.Snapshots.Incoming;
import io.synod.replica.Snapshots.Outgoing;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class SnapshotTest {
    private static final Members NOBODY = new Members(List.of());

    /** A crash: nothing behind the point is executed, as far as the files are concerned. */
    private static final class Crash extends RuntimeException {
        private static final long serialVersionUID = 1L;
    }

    @TempDir
    Path directory;

    @AfterEach
    void noFaults() {
        FaultPoint.hook = null;
    }

    private Member open(String name) throws SQLException, IOException {
        return Member.onFile(directory.resolve(name).resolve("shop"));
    }

    private void reopen(String name) throws IOException {
        try {
            open(name).close();
        } catch (SQLException e) {
            throw new IOException(e);
        }
    }

    private Path file(String node, String suffix) {
        return directory.resolve(node).resolve("shop" + suffix);
    }

    private static void insert(Member member, int from, int to) throws SQLException {
        Connection connection = member.connect();
        for (int i = from; i <= to; i++) {
            Member.execute(connection, "INSERT INTO T VALUES(" + i + ", REPEAT('x', 500))");
            member.commit(connection);
        }
        Member.close(connection);
    }

    /** @return whether all of it was sent */
    private static boolean send(Outgoing from, Incoming to, int piece, long upTo) throws IOException {
        byte[] buffer = new byte[piece];
        while (to.received() < Math.min(upTo, from.header().length())) {
            int length = from.read(to.received(), buffer);
            to.write(Arrays.copyOf(buffer, length));
        }
        return to.received() == from.header().length();
    }

    @Test
    void a_snapshot_is_what_was_applied_at_its_index_while_writes_go_on() throws Exception {
        String expected;
        long index;
        try (Member a = open("a");
                Member b = open("b")) {
            a.ddl("CREATE TABLE T(ID INT PRIMARY KEY, X VARCHAR)");
            insert(a, 1, 2_000);
            expected = a.dump();
            index = a.state.appliedIndex();
            try (Outgoing from = a.store.snapshot(index, NOBODY)) {
                assertEquals(index, from.header().index());
                AtomicBoolean installed = new AtomicBoolean();
                try (Incoming to = b.store.receive(from.header(), (header, length) -> {
                    b.store.replaceBy(header, length);
                    installed.set(true);
                })) {
                    send(from, to, 10_000, from.header().length() / 2);
                    insert(a, 2_001, 4_000);
                    a.checkpoint.take();
                    assertTrue(send(from, to, 10_000, Long.MAX_VALUE));
                    to.install();
                }
                assertTrue(installed.get());
            }
        }
        try (Member b = open("b")) {
            assertEquals(index, b.state.appliedIndex());
            assertEquals(expected, b.dump());
            assertEquals(index, b.store.origin().index());
            insert(b, 5_000, 5_010);
            b.store.close();
        }
        try (Member b = open("b")) {
            assertEquals(index + 11, b.state.appliedIndex());
            assertEquals(index, b.store.origin().index(), "it is remembered from checkpoint to checkpoint");
        }
    }

    @Test
    void a_recent_snapshot_is_given_again_and_an_old_one_is_not() throws Exception {
        try (Member a = open("a")) {
            a.ddl("CREATE TABLE T(ID INT PRIMARY KEY, X VARCHAR)");
            insert(a, 1, 10);
            Header first;
            try (Outgoing one = a.store.snapshot(5, NOBODY)) {
                first = one.header();
            }
            insert(a, 11, 20);
            try (Outgoing two = a.store.snapshot(11, NOBODY)) {
                assertEquals(first, two.header());
            }
            try (Outgoing three = a.store.snapshot(12, NOBODY)) {
                assertEquals(21, three.header().index());
            }
            IOException e = assertThrows(IOException.class, () -> a.store.snapshot(22, NOBODY));
            assertTrue(e.getMessage().contains("index 22"), e.getMessage());
        }
    }

    @Test
    void what_was_received_before_a_crash_is_not_sent_again_and_what_was_not_forced_is() throws Exception {
        try (Member a = open("a")) {
            a.ddl("CREATE TABLE T(ID INT PRIMARY KEY, X VARCHAR)");
            insert(a, 1, 1_000);
            try (Outgoing from = a.store.snapshot(1, NOBODY)) {
                long forced;
                long there;
                try (Member b = open("b")) {
                    try (Incoming to = b.store.receive(from.header(), b.store::replaceBy)) {
                        send(from, to, 4_096, 20_000);
                        forced = to.received();
                    }
                    try (Incoming to = b.store.receive(from.header(), b.store::replaceBy)) {
                        send(from, to, 4_096, 40_000);
                        there = to.received();
                    }
                }
                try (var torn =
                        Files.newByteChannel(file("b", ".incoming.mv.db"), java.nio.file.StandardOpenOption.WRITE)) {
                    torn.position(there - 5);
                    torn.write(java.nio.ByteBuffer.wrap(new byte[100]));
                }
                try (Member b = open("b");
                        Incoming to = b.store.receive(from.header(), b.store::replaceBy)) {
                    assertEquals(forced, to.received(), "the last piece differs from its checksum");
                    assertTrue(send(from, to, 100_000, Long.MAX_VALUE));
                    to.install();
                }
                try (Member b = open("b")) {
                    assertEquals(a.dump(), b.dump());
                }
            }
        }
    }

    @Test
    void bytes_that_arrive_changed_are_not_installed_and_sent_again() throws Exception {
        try (Member a = open("a")) {
            a.ddl("CREATE TABLE T(ID INT PRIMARY KEY, X VARCHAR)");
            insert(a, 1, 100);
            try (Outgoing from = a.store.snapshot(1, NOBODY)) {
                try (Member b = open("b")) {
                    b.ddl("CREATE TABLE MINE(ID INT)");
                    String before = b.dump();
                    byte[] all = new byte[(int) from.header().length()];
                    assertEquals(all.length, from.read(0, all));
                    all[20_000] ^= 4;
                    try (Incoming to = b.store.receive(from.header(), b.store::replaceBy)) {
                        to.write(all);
                        IOException e = assertThrows(IOException.class, to::install);
                        assertTrue(e.getMessage().contains("checksum"), e.getMessage());
                    }
                    assertEquals(before, b.dump());
                    try (Incoming to = b.store.receive(from.header(), b.store::replaceBy)) {
                        assertEquals(0, to.received());
                        all[20_000] ^= 4;
                        to.write(all);
                        to.install();
                    }
                }
                try (Member b = open("b")) {
                    assertEquals(a.dump(), b.dump());
                }
            }
        }
    }

    @Test
    void a_snapshot_of_a_format_to_come_is_refused_with_what_to_do() throws Exception {
        try (Member b = open("b")) {
            IOException e = assertThrows(
                    IOException.class,
                    () -> b.store.receive(new Header(9, 1, 1, 1, NOBODY, 1_000_000), b.store::replaceBy));
            assertTrue(e.getMessage().contains("version 9") && e.getMessage().contains("update"), e.getMessage());
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = FaultPoint.class,
            names = {"VERIFIED", "DECIDED", "CLOSED", "MOVED", "SEALED", "DONE"})
    void a_crash_at_any_step_of_an_install_leaves_the_old_or_the_new(FaultPoint point) throws Exception {
        try (Member a = open("a")) {
            a.ddl("CREATE TABLE T(ID INT PRIMARY KEY, X VARCHAR)");
            insert(a, 1, 300);
            String fresh = a.dump();
            try (Outgoing from = a.store.snapshot(1, NOBODY)) {
                String old;
                try (Member b = open("b")) {
                    b.ddl("CREATE TABLE MINE(ID INT)");
                    b.ddl("INSERT INTO MINE VALUES(7)");
                    b.checkpoint.take();
                    old = b.dump();
                    try (Incoming to = b.store.receive(from.header(), (header, length) -> {
                        b.store.replaceBy(header, length);
                        reopen("b");
                    })) {
                        send(from, to, 65_536, Long.MAX_VALUE);
                        FaultPoint.hook = at -> {
                            if (at == point) {
                                throw new Crash();
                            }
                        };
                        assertThrows(Crash.class, to::install);
                        FaultPoint.hook = null;
                    }
                }
                boolean decided = point != FaultPoint.VERIFIED;
                try (Member b = open("b")) {
                    assertEquals(decided ? fresh : old, b.dump());
                    assertEquals(decided ? 301 : 2, b.state.appliedIndex());
                }
                assertTrue(Files.notExists(file("b", ".replacement")));
                assertTrue(!decided || Files.notExists(file("b", ".incoming")));
            }
        }
    }
}
