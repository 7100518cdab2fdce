package io.synod.engine.node;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.group.Entry;
import io.synod.group.EntryKind;
import io.synod.group.Epoch;
import io.synod.group.Member;
import io.synod.group.Members;
import io.synod.jdbc.SynodUrl;
import io.synod.replica.Snapshots;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A state machine without a state; what it is for is in {@link MembersTest}. */
class WitnessTest {
    private final List<String> heard = new ArrayList<>();
    private final Witness witness = new Witness("shop", "w", 3, 7, new Witness.Listener() {
        @Override
        public void onRole(String database, String leader, long epoch, boolean serving) {
            heard.add(database + " " + leader);
        }

        @Override
        public void onRemoved(String database, long configuration) {
            heard.add(database + " removed at " + configuration);
        }
    });

    private static Members members(Member.Role role) {
        return new Members(List.of(
                new Member(1, "a", Member.UNSEEN, Member.Role.VOTER, "a:1"),
                new Member(2, "b", Member.UNSEEN, Member.Role.VOTER, "b:1"),
                new Member(3, "w", Member.UNSEEN, role, "w:1")));
    }

    private static Entry entry(long index, EntryKind kind, byte[] payload) {
        return new Entry(Epoch.of(1, 1), index, kind, payload);
    }

    @Test
    void it_passes_over_what_is_committed_and_takes_no_byte_of_a_snapshot() throws IOException {
        assertEquals(7, witness.appliedIndex());
        witness.apply(entry(8, EntryKind.DATA, new byte[] {1}), null);
        witness.apply(entry(9, EntryKind.CONFIG, members(Member.Role.WITNESS).encode()), null);
        assertEquals(9, witness.restartIndex());
        Snapshots.Header header =
                new Snapshots.Header(1, 1, 20, Epoch.of(1, 1), members(Member.Role.WITNESS), 1L << 40);
        try (Snapshots.Incoming incoming = witness.receive(header)) {
            assertEquals(header.length(), incoming.received());
            incoming.install();
        }
        assertEquals(20, witness.appliedIndex());
        assertNull(witness.installed());
        assertTrue(witness.logOnly());
        assertThrows(IOException.class, () -> witness.take(1));
        witness.onRole("a", Epoch.of(1, 1), false);
        assertEquals(List.of("shop a"), heard);
    }

    /** It would be promoted when it has the log, and then be asked to serve. */
    @Test
    void it_refuses_to_pass_for_a_member_with_a_copy() {
        for (Member.Role role : List.of(Member.Role.LEARNER, Member.Role.VOTER)) {
            IllegalStateException entry = assertThrows(
                    IllegalStateException.class,
                    () -> witness.apply(entry(8, EntryKind.CONFIG, members(role).encode()), null));
            assertTrue(entry.getMessage().contains("MEMBER_ADD('w@w:1', 'WITNESS')"), entry.getMessage());
            assertThrows(
                    IllegalStateException.class,
                    () -> witness.receive(new Snapshots.Header(1, 1, 20, Epoch.of(1, 1), members(role), 1)));
        }
    }

    @Test
    void directory_with_copies_does_not_become_a_witness(@TempDir Path directory) throws Exception {
        String url = "jdbc:synod:file:" + directory.resolve("shop") + ";NODE=w;LISTEN=w:1;PEERS=a@a:1,b@b:1";
        IdentityFile.open(directory, NodeConfig.of(SynodUrl.parse(url, null)));
        SQLException e = assertThrows(
                SQLException.class,
                () -> IdentityFile.open(directory, NodeConfig.of(SynodUrl.parse(url + ";JOIN=WITNESS", null))));
        assertEquals("90096", e.getSQLState());
        assertTrue(e.getMessage().contains("copies of its databases"), e.getMessage());
    }
}
