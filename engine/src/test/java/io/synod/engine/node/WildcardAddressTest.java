package io.synod.engine.node;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.jdbc.SynodUrl;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.List;
import org.h2.message.DbException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** All interfaces of a machine are nothing that another one can dial: it would find itself there. */
class WildcardAddressTest {
    private static final List<String> WILDCARDS = List.of("0.0.0.0:7101", "[::]:7101", "[0:0:0:0:0:0:0:0]:7101");

    @TempDir
    private Path directory;

    private NodeConfig config(String settings) throws SQLException {
        return NodeConfig.of(
                SynodUrl.parse("jdbc:synod:file:" + directory.resolve("shop") + ";NODE=a" + settings, null));
    }

    @Test
    void node_with_peers_has_an_address_at_which_they_reach_it() throws Exception {
        for (String wildcard : WILDCARDS) {
            for (String settings : List.of(
                    ";LISTEN=" + wildcard + ";PEERS=b@127.0.0.1:2",
                    ";LISTEN=" + wildcard + ";PEERS=b@127.0.0.1:2;JOIN=TRUE",
                    ";LISTEN=127.0.0.1:1;PEERS=b@" + wildcard)) {
                SQLException e = assertThrows(SQLException.class, () -> config(settings), settings);
                assertEquals("90113", e.getSQLState());
                assertTrue(e.getMessage().contains(wildcard), e.getMessage());
                assertTrue(e.getMessage().contains("reach"), e.getMessage());
            }
            // Nobody is told where a single node is.
            assertEquals(wildcard, config(";LISTEN=" + wildcard).listen());
        }
        assertEquals(
                "localhost:1", config(";LISTEN=localhost:1;PEERS=b@10.0.0.1:2").listen());
    }

    private MemberChanges changes(String settings) throws Exception {
        NodeConfig config = config(settings);
        NodePlace place = NodePlace.beginning(config);
        return new MemberChanges(
                config,
                place,
                IdentityFile.open(directory, config),
                new CurrentMembers(place, java.util.Map::of),
                null,
                List::of);
    }

    @Test
    void nobody_is_added_or_moved_to_all_interfaces() throws Exception {
        MemberChanges changes = changes(";LISTEN=127.0.0.1:1;PEERS=b@127.0.0.1:2");
        for (String wildcard : WILDCARDS) {
            for (Runnable change : List.<Runnable>of(
                    () -> changes.add("d@" + wildcard),
                    () -> changes.addWitness("d@" + wildcard),
                    () -> changes.move("b@" + wildcard))) {
                DbException e = assertThrows(DbException.class, change::run, wildcard);
                assertEquals("22023", e.getSQLException().getSQLState());
                assertTrue(e.getMessage().contains(wildcard), e.getMessage());
            }
        }
    }

    @Test
    void single_node_on_all_interfaces_is_to_get_an_address_before_others_are_added() throws Exception {
        MemberChanges changes = changes(";LISTEN=0.0.0.0:7101");
        DbException e = assertThrows(DbException.class, () -> changes.add("d@127.0.0.1:4"));
        assertEquals("42710", e.getSQLException().getSQLState());
        assertTrue(e.getMessage().contains("LISTEN=HOST:PORT"), e.getMessage());
    }
}
