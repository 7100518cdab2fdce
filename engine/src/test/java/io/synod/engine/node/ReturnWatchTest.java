package io.synod.engine.node;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.engine.database.HostedDatabase;
import io.synod.engine.snapshot.H2Store;
import io.synod.group.Member;
import io.synod.group.Members;
import io.synod.jdbc.SynodUrl;
import io.synod.paxos.MemberChange;
import io.synod.replica.ReplicatedLog;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a node makes of the answers of its peers, round by round; the peers are texts. */
class ReturnWatchTest {
    private static final long SHOP = HostedDatabase.groupId("shop");
    private static final long STOCK = HostedDatabase.groupId("stock");

    @TempDir
    private Path directory;

    private final List<String> ends = new ArrayList<>();
    private final List<H2Store> stores = new ArrayList<>();
    private final List<HostedDatabase> hosted = new ArrayList<>();
    /** By peer; one that is not here does not answer. */
    private final Map<String, Standing> answers = new TreeMap<>();

    private NodeConfig config;
    private IdentityFile identity;

    @BeforeEach
    void open() throws Exception {
        config = NodeConfig.of(SynodUrl.parse(
                "jdbc:synod:file:" + directory.resolve("shop")
                        + ";NODE=c;LISTEN=127.0.0.1:3;PEERS=a@127.0.0.1:1,b@127.0.0.1:2;FAILOVER_TIMEOUT=500",
                null));
        identity = IdentityFile.open(directory, config);
    }

    @AfterEach
    void close() {
        stores.forEach(H2Store::close);
    }

    private Returning returning() {
        return new Returning(config, identity, (question, peer, timeoutMillis) -> {
            Standing standing = answers.get(peer.name());
            return standing == null ? null : standing.encode(identity.incarnation(), config.name());
        });
    }

    private ReturnWatch watch(NodePlace place) {
        Returning returning = returning();
        CurrentMembers members = new CurrentMembers(place, () -> CurrentMembers.logsOf(hosted));
        MemberChanges changes = new MemberChanges(config, place, identity, members, null, () -> hosted);
        return new ReturnWatch(config, place, identity, returning, changes, () -> hosted, new ReturnWatch.Ends() {
            @Override
            public void toComeBack(String why) {
                ends.add("come back: " + why);
            }

            @Override
            public void replaced(String why) {
                ends.add("replaced: " + why);
            }

            @Override
            public void mayVote() {
                ends.add("votes");
            }
        });
    }

    /** A database that is open here, and what its log says of the members. */
    private void host(String name, Members latest, Members committed) throws Exception {
        H2Store store = H2Store.openMemory(name, Map.of());
        stores.add(store);
        HostedDatabase database = new HostedDatabase(name, "c", store, 1_000);
        database.attach((ReplicatedLog) Proxy.newProxyInstance(
                ReplicatedLog.class.getClassLoader(),
                new Class<?>[] {ReplicatedLog.class},
                (proxy, method, args) -> switch (method.getName()) {
                    case "members" -> latest;
                    case "committedMembers" -> committed;
                    case "awaitLeader" -> "c";
                    case "changeMembers" -> MemberChange.Outcome.refused(MemberChange.Refusal.LEARNER_IS_BEHIND);
                    case "commitIndex", "appliedIndex" -> 0L;
                    default -> throw new UnsupportedOperationException(method.getName());
                }));
        hosted.add(database);
    }

    private static Standing standing(boolean established, int still, List<Standing.Other> others) {
        return new Standing(established, false, false, others, List.of(), still, "");
    }

    private static Standing.Other replaced(long group) {
        return new Standing.Other(group, false, 4, true);
    }

    @Test
    void a_directory_goes_on_while_a_group_counts_on_it_though_another_one_has_replaced_it() throws Exception {
        identity.comingBack().proven();
        ReturnWatch watch = watch(NodePlace.beginning(config));
        answers.put("a", standing(true, 1, List.of(replaced(SHOP))));
        answers.put("b", standing(true, 1, List.of(replaced(SHOP))));
        watch.step();
        watch.step();
        assertEquals(List.of(), ends, "it may be half of the only majority of the other one");
        answers.put("b", standing(true, 0, List.of(replaced(SHOP), replaced(STOCK))));
        watch.step();
        assertEquals(1, ends.size(), ends.toString());
        assertTrue(ends.get(0).contains("slot 4"), ends.toString());
    }

    @Test
    void what_a_peer_has_not_opened_yet_may_count_on_this_directory() throws Exception {
        identity.comingBack().proven();
        host("stock", config.members(), config.members());
        ReturnWatch watch = watch(NodePlace.beginning(config));
        answers.put("a", standing(true, 0, List.of(replaced(SHOP))));
        watch.step();
        assertEquals(List.of(), ends);
        answers.put("a", standing(true, 0, List.of(replaced(SHOP), replaced(STOCK))));
        watch.step();
        assertEquals(1, ends.size(), ends.toString());
    }

    @Test
    void a_promotion_that_is_not_committed_is_asked_for_again_when_it_is_voided() throws Exception {
        Member learner = new Member(4, "c", identity.incarnation(), Member.Role.LEARNER, "127.0.0.1:3");
        Member voter = new Member(4, "c", identity.incarnation(), Member.Role.VOTER, "127.0.0.1:3");
        Member a = new Member(1, "a", new UUID(1, 1), Member.Role.VOTER, "127.0.0.1:1");
        Member b = new Member(2, "b", new UUID(2, 2), Member.Role.VOTER, "127.0.0.1:2");
        identity.comingBack().mustVote(List.of(new Standing.Other(SHOP, true, 3, true)));
        NodePlace place = new NodePlace(new Members(List.of(a, b, learner)), 4, true);
        identity.comingBack().placed(place);
        host("shop", new Members(List.of(a, b, voter)), new Members(List.of(a, b, learner)));
        ReturnWatch watch = watch(place);
        watch.step();
        assertTrue(identity.comingBack().votesAgain(SHOP), "the entry may still be lost");
        hosted.clear();
        host("shop", new Members(List.of(a, b, voter)), new Members(List.of(a, b, voter)));
        watch.step();
        assertFalse(identity.comingBack().votesAgain(SHOP));
    }

    /** Its directory may have been lost: what the other one has acknowledged with one of these is not to be voted away. */
    @Test
    void a_node_that_nobody_has_answered_takes_part_when_enough_have_met_no_other_directory_of_it() throws Exception {
        Returning returning = returning();
        NodePlace place = returning.place();
        assertEquals(3, place.slot());
        assertFalse(identity.comingBack().mayVote(), "nobody is there");
        ReturnWatch watch = watch(place);
        watch.step();
        answers.put("b", standing(true, 0, List.of()));
        watch.step();
        assertFalse(
                identity.comingBack().mayVote(),
                "the cluster has begun, and the other directory may have been of a majority with a");
        answers.put("a", standing(true, 0, List.of()));
        watch.step();
        assertTrue(identity.comingBack().mayVote());
        assertEquals(List.of("votes"), ends);
    }

    @Test
    void a_majority_of_empty_directories_begins_the_cluster() throws Exception {
        NodePlace place = returning().place();
        ReturnWatch watch = watch(place);
        answers.put("b", standing(false, 0, List.of()));
        watch.step();
        assertEquals(List.of("votes"), ends);
        // A start later it is known who it is, though the third one was never there.
        identity = IdentityFile.open(directory, config);
        assertTrue(identity.comingBack().mayVote());
        assertTrue(identity.comingBack().isUnproven());
        watch = watch(place);
        answers.put("a", standing(true, 0, List.of()));
        answers.put("b", standing(true, 0, List.of()));
        watch.step();
        assertFalse(identity.comingBack().isUnproven());
    }

    /** Of a majority it is enough where none has an entry; but not where another one is there that can tell. */
    @Test
    void all_that_are_there_are_asked_before_a_cluster_begins() throws Exception {
        NodePlace place = returning().place();
        answers.put("a", standing(false, 0, List.of()));
        answers.put("b", standing(true, 0, List.of(new Standing.Other(SHOP, true, 3, false))));
        watch(place).step();
        assertEquals(1, ends.size(), ends.toString());
        assertTrue(ends.get(0).startsWith("come back"), ends.toString());
        assertFalse(identity.comingBack().mayVote());
    }

    @Test
    void a_node_that_comes_after_the_others_votes_at_once() throws Exception {
        answers.put("a", standing(false, 0, List.of()));
        answers.put("b", standing(false, 0, List.of()));
        returning().place();
        assertTrue(identity.comingBack().mayVote());
    }

    @Test
    void a_node_that_hears_of_its_other_directory_comes_back_and_one_that_was_removed_ends() throws Exception {
        NodePlace place = returning().place();
        ReturnWatch watch = watch(place);
        answers.put("b", new Standing(true, false, true, List.of(), List.of(), 0, ""));
        watch.step();
        assertTrue(ends.get(0).contains("it was removed from the cluster"), ends.toString());
        ends.clear();
        answers.put("a", standing(true, 0, List.of(new Standing.Other(SHOP, true, 3, false))));
        watch.step();
        assertTrue(ends.get(0).startsWith("come back"), ends.toString());
        assertTrue(identity.comingBack().beginsAgain());
        assertFalse(identity.comingBack().mayVote());
    }

    @Test
    void a_directory_that_was_set_aside_and_that_nobody_has_met_does_not_keep_its_name_from_beginning()
            throws Exception {
        Files.delete(directory.resolve("node.properties"));
        Files.createDirectory(directory.resolve("set-aside-1"));
        identity = IdentityFile.open(directory, config);
        assertTrue(identity.comingBack().returns());
        answers.put("a", standing(true, 0, List.of()));
        assertThrows(StillReturningException.class, () -> returning().place(), "b may have met it");
        answers.put("b", standing(true, 0, List.of()));
        assertEquals(3, returning().place().slot());
        assertFalse(identity.comingBack().returns());
        assertTrue(identity.comingBack().mayVote());
    }

    /** It has no members in it, and was met long ago. */
    @Test
    void a_directory_of_an_earlier_release_is_not_taken_for_a_new_one() throws Exception {
        Files.writeString(
                directory.resolve("node.properties"),
                "format=1\ncluster=" + config.cluster() + "\nnode=c\nincarnation=" + new UUID(3, 3)
                        + "\nstarts=7\npeer.a=" + new UUID(1, 1) + "\n");
        identity = IdentityFile.open(directory, config);
        answers.put("a", standing(true, 0, List.of()));
        assertEquals(3, returning().place().slot());
        assertTrue(identity.comingBack().mayVote());
    }

    private void joins(String as) throws Exception {
        Files.delete(directory.resolve("node.properties"));
        config = NodeConfig.of(SynodUrl.parse(
                "jdbc:synod:file:" + directory.resolve("shop")
                        + ";NODE=w;LISTEN=127.0.0.1:4;PEERS=a@127.0.0.1:1,b@127.0.0.1:2;FAILOVER_TIMEOUT=200;JOIN="
                        + as,
                null));
        identity = IdentityFile.open(directory, config);
    }

    /** It has a vote as soon as it is a member, and its log alone may have what the directory before it acknowledged. */
    @Test
    void a_witness_that_joins_counts_when_all_peers_have_met_no_other_directory_of_its_name() throws Exception {
        joins("WITNESS");
        answers.put("a", standing(false, 0, List.of()));
        assertThrows(SQLException.class, () -> returning().place(), "nobody gives it a place");
        assertFalse(identity.comingBack().mayVote(), "b may have met another one");
        Member self = new Member(3, "w", Member.UNSEEN, Member.Role.WITNESS, "127.0.0.1:4");
        List<Member> all = new ArrayList<>(config.peers());
        all.add(self);
        NodePlace place = new NodePlace(new Members(all), 3, true);
        ReturnWatch watch = watch(place);
        watch.step();
        assertEquals(List.of(), ends);
        answers.put("b", new Standing(true, false, true, List.of(), List.of(), 0, ""));
        watch.step();
        assertEquals(List.of("votes"), ends, "b has not heard yet that it was added again");
        ends.clear();
        joins("WITNESS");
        answers.put("b", standing(true, 0, List.of(new Standing.Other(SHOP, true, 3, false))));
        watch(place).step();
        assertTrue(ends.get(0).startsWith("come back"), ends.toString());
        joins("TRUE");
        assertTrue(identity.comingBack().mayVote(), "a learner has no vote");
    }

    /** A person has removed it, as is needed, and added it again: not all peers have heard both yet. */
    @Test
    void a_witness_that_joins_waits_for_its_place_though_a_peer_knows_of_its_removal_only() throws Exception {
        for (String as : List.of("WITNESS", "TRUE")) {
            joins(as);
            identity.comingBack().mustReturn(List.of(new Standing.Other(SHOP, true, 3, false)));
            Standing removed = new Standing(true, false, true, List.of(), List.of(), 0, "");
            answers.clear();
            answers.put("a", removed);
            String why = assertThrows(
                            StillReturningException.class, () -> returning().place())
                    .getMessage();
            assertTrue(why.contains("it was removed from the cluster"), why);
            Member self = new Member(4, "w", identity.incarnation(), Member.Role.WITNESS, "127.0.0.1:4");
            answers.put("b", new Standing(true, false, false, List.of(), List.of(self), 0, ""));
            assertEquals(4, returning().place().slot(), as);
        }
    }

    @Test
    void a_witness_that_was_removed_and_not_added_again_says_how_it_is_added() throws Exception {
        joins("WITNESS");
        identity.comingBack().mustReturn(List.of(new Standing.Other(SHOP, true, 3, false)));
        Standing removed = new Standing(true, false, true, List.of(), List.of(), 0, "");
        answers.put("a", removed);
        answers.put("b", removed);
        SQLException e = assertThrows(SQLException.class, () -> returning().place());
        assertEquals("55000", e.getSQLState(), e.toString());
        assertTrue(e.getMessage().contains("MEMBER_ADD('w@127.0.0.1:4', 'WITNESS')"), e.getMessage());
    }

    @Test
    void a_witness_says_why_it_does_not_come_back_and_how_it_is_added_again() throws Exception {
        joins("WITNESS");
        answers.put(
                "a",
                standing(true, 0, List.of(new Standing.Other(SHOP, true, 3, false)))
                        .because("a's reason"));
        answers.put("b", standing(true, 0, List.of(new Standing.Other(SHOP, true, 3, false))));
        String why = assertThrows(SQLException.class, () -> returning().place()).getMessage();
        assertTrue(why.contains("a's reason"), why);
        assertFalse(why.contains("has not met"), why);
        String removed = returning().removed();
        assertTrue(removed.contains("MEMBER_ADD('w@127.0.0.1:4', 'WITNESS')"), removed);
        assertTrue(removed.contains("JOIN=WITNESS"), removed);
    }

    @Test
    void a_node_without_a_copy_does_not_say_that_the_place_is_given() {
        NodePlace place = NodePlace.beginning(config);
        CurrentMembers members = new CurrentMembers(place, () -> CurrentMembers.logsOf(hosted));
        String why =
                new MemberChanges(config, place, identity, members, null, () -> hosted).replace("b", new UUID(9, 9));
        assertTrue(why.contains("node c") && why.contains("no copy"), why);
    }

    @Test
    void a_node_that_joined_and_is_there_before_its_peers_comes_back_when_they_tell_of_its_other_directory()
            throws Exception {
        Files.delete(directory.resolve("node.properties"));
        config = NodeConfig.of(SynodUrl.parse(
                "jdbc:synod:file:" + directory.resolve("shop")
                        + ";NODE=d;LISTEN=127.0.0.1:4;PEERS=a@127.0.0.1:1,b@127.0.0.1:2;JOIN=TRUE;FAILOVER_TIMEOUT=500",
                null));
        identity = IdentityFile.open(directory, config);
        Member voter = new Member(1, "a", new UUID(1, 1), Member.Role.VOTER, "127.0.0.1:1");
        Member self = new Member(5, "d", identity.incarnation(), Member.Role.LEARNER, "127.0.0.1:4");
        Standing returned = new Standing(true, false, false, List.of(), List.of(voter, self), 0, "");
        int[] asked = {0};
        Returning returning = new Returning(config, identity, (question, peer, timeoutMillis) -> {
            // Nobody in the first round; then what it was, and, when that is done, its place.
            Standing standing = switch (asked[0]++) {
                case 0, 1 -> null;
                case 2, 3 -> standing(true, 0, List.of(new Standing.Other(SHOP, true, 4, true)));
                default -> returned;
            };
            return standing == null ? null : standing.encode(identity.incarnation(), config.name());
        });
        assertEquals(5, returning.place().slot());
        assertTrue(identity.comingBack().votesAgain(SHOP));
    }
}
