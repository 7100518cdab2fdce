package io.synod.engine.node;

import io.synod.engine.database.Errors;
import io.synod.engine.database.HostedDatabase;
import io.synod.engine.session.MemberCommands;
import io.synod.group.Member;
import io.synod.paxos.MemberChange;
import io.synod.paxos.MemberChange.Refusal;
import io.synod.replica.Patience;
import io.synod.replica.Questions;
import io.synod.replica.ReplicatedLog.MemberStatus;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Changes of the members: a node comes and goes in all databases that the asked node has, one after the other, each through its own
 * leader. What is done in some of them when another refuses stays; whoever asks again goes on from there. Thread-safe.
 *
 * <p><b>Slots.</b> A node has one slot in all its groups. The first database by name gives it, and every leader refuses a slot that its
 * group gave before: so two nodes that are added at once get two slots.
 */
final class MemberChanges implements MemberCommands {
    private static final Logger LOG = LoggerFactory.getLogger(MemberChanges.class);
    private static final Pattern ADDED = Pattern.compile("[A-Za-z0-9_.-]{1,64}@[^@,=\\s]+:[0-9]{1,5}");
    private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(20);
    /** What passes by itself, or is known when it is asked for again. */
    private static final Set<Refusal> PASSING = Set.of(Refusal.NOT_LEADING, Refusal.TOO_EARLY, Refusal.NOT_KNOWN);

    private final NodeConfig config;
    private final NodePlace place;
    private final IdentityFile identity;
    private final CurrentMembers current;
    private final Questions questions;
    private final Supplier<Collection<HostedDatabase>> hosted;

    MemberChanges(
            NodeConfig config,
            NodePlace place,
            IdentityFile identity,
            CurrentMembers current,
            Questions questions,
            Supplier<Collection<HostedDatabase>> hosted) {
        this.config = config;
        this.place = place;
        this.identity = identity;
        this.current = current;
        this.questions = questions;
        this.hosted = hosted;
    }

    @Override
    public synchronized List<Done> add(String member) {
        if (!ADDED.matcher(member).matches()) {
            throw Errors.badValue(
                    "member", member, "NAME@HOST:PORT, its name and the address on which it listens for peers");
        }
        if (!config.isReachable()) {
            throw Errors.memberTaken(
                    member,
                    "this node has no address for others: start it on a directory of its own, with LISTEN=HOST:PORT");
        }
        String name = member.substring(0, member.indexOf('@'));
        String address = member.substring(name.length() + 1);
        List<HostedDatabase> lacking = new ArrayList<>();
        Member known = null;
        for (HostedDatabase database : databases()) {
            Member there = memberOf(database, name, address);
            known = there == null ? known : there;
            if (there == null) {
                lacking.add(database);
            }
        }
        checkNew(member, name, known, lacking);
        int slot = known == null ? current.nextSlot() : known.slot();
        List<Done> done = new ArrayList<>();
        for (HostedDatabase database : lacking) {
            Refusal refusal = change(database, MemberChange.add(name, Member.UNSEEN, address, slot));
            while (refusal == Refusal.SLOT_GIVEN && known == null && done.isEmpty()) {
                refusal = change(database, MemberChange.add(name, Member.UNSEEN, address, ++slot));
            }
            check(refusal, "adding " + name, database, name);
            done.add(new Done(database.name(), name, Member.Role.LEARNER.name()));
        }
        return done;
    }

    /** @return that member, where it is one already; {@code null} where nothing of it is known */
    private static Member memberOf(HostedDatabase database, String name, String address) {
        for (Member member : database.log().members().all()) {
            if (member.name().equals(name) && !member.address().equals(address)) {
                throw Errors.memberTaken(
                        name + "@" + address,
                        "a member of this name is at " + member.address() + " in " + database.name());
            }
            if (member.address().equals(address) && !member.name().equals(name)) {
                throw Errors.memberTaken(
                        name + "@" + address, "its address is that of " + member.name() + " in " + database.name());
            }
        }
        return database.log().members().byName(name);
    }

    private void checkNew(String member, String name, Member known, List<HostedDatabase> lacking) {
        if (lacking.isEmpty()) {
            throw Errors.memberTaken(member, "it is a member already");
        }
        if (known == null && wasMember(name)) {
            throw Errors.memberTaken(
                    member,
                    "a node of this name was a member once, and what it promised is not forgotten: choose another name");
        }
    }

    /**
     * Whether it is, or was, a member of any of the groups: this node began with it, or has met it. No other one has had its name since, for
     * that is never given again.
     */
    private boolean wasMember(String name) {
        return place.known().byName(name) != null || identity.seen(name) != null;
    }

    @Override
    public synchronized List<Done> promote(String node) {
        List<Done> done = new ArrayList<>();
        for (HostedDatabase database : having(node)) {
            Member member = database.log().members().byName(node);
            if (member != null && member.role() == Member.Role.LEARNER) {
                check(change(database, MemberChange.promote(node)), "promoting " + node, database, node);
                done.add(new Done(database.name(), node, Member.Role.VOTER.name()));
            }
        }
        if (done.isEmpty()) {
            throw Errors.membersNotChanged("promoting " + node, name(having(node)), "it votes already");
        }
        return done;
    }

    @Override
    public synchronized List<Done> remove(String node) {
        List<Done> done = new ArrayList<>();
        // Whoever has lost the answer asks again.
        for (HostedDatabase database : wasMember(node) ? databases() : having(node)) {
            if (database.log().members().byName(node) != null) {
                Refusal refusal = change(database, MemberChange.remove(node));
                check(refusal == Refusal.NO_SUCH_MEMBER ? null : refusal, "removing " + node, database, node);
            }
            done.add(new Done(database.name(), node, "REMOVED"));
        }
        return done;
    }

    /** By name: the first one is the authority for slots. */
    private List<HostedDatabase> databases() {
        return hosted.get().stream()
                .sorted(Comparator.comparing(HostedDatabase::name))
                .toList();
    }

    private List<HostedDatabase> having(String node) {
        List<HostedDatabase> having = databases().stream()
                .filter(database -> database.log().members().byName(node) != null)
                .toList();
        if (having.isEmpty()) {
            Set<String> names = new TreeSet<>();
            databases().forEach(database -> database.log().members().all().forEach(member -> names.add(member.name())));
            throw Errors.badValue("member", node, "one of " + String.join(", ", names));
        }
        return having;
    }

    private static String name(List<HostedDatabase> databases) {
        return String.join(", ", databases.stream().map(HostedDatabase::name).toList());
    }

    // ------------------------------------------------------------------ one database

    /** Has the leader make it, whoever that is. */
    private Refusal change(HostedDatabase database, MemberChange change) {
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(database.timeoutMillis());
        boolean perhapsDone = false;
        while (true) {
            database.checkRunning();
            long left = deadline - System.nanoTime();
            String leader = left > 0 ? database.log().awaitLeader(left) : null;
            if (leader == null && !perhapsDone) {
                throw database.noLeader();
            }
            Refusal refusal = leader == null ? Refusal.NOT_KNOWN : ask(database, leader, change, left);
            if (refusal == null || perhapsDone && refusal == whenDone(change)) {
                return null;
            }
            perhapsDone |= refusal == Refusal.NOT_KNOWN;
            if (!PASSING.contains(refusal) || System.nanoTime() > deadline || Patience.isOver()) {
                return refusal;
            }
            LockSupport.parkNanos(PAUSE_NANOS);
        }
    }

    /** How it is refused where it has been made. */
    private static Refusal whenDone(MemberChange change) {
        return switch (change.kind()) {
            case ADD -> Refusal.NAME_TAKEN;
            case PROMOTE -> Refusal.NOT_A_LEARNER;
            case DEMOTE -> Refusal.NOT_A_VOTER;
            case REMOVE -> Refusal.NO_SUCH_MEMBER;
        };
    }

    private Refusal ask(HostedDatabase database, String leader, MemberChange change, long timeoutNanos) {
        if (leader.equals(database.node())) {
            return database.log().changeMembers(known(change), timeoutNanos).refusal();
        }
        Member there = database.log().members().byName(leader);
        if (there == null) {
            return Refusal.NOT_LEADING;
        }
        long group = HostedDatabase.groupId(database.name());
        return MemberMessages.decodeAnswer(
                questions.ask(there.slot(), group, MemberMessages.encode(change), timeoutNanos));
    }

    /** Another node asks this one, which leads, for a change; answered from a thread that may wait. */
    void asked(long group, byte[] question, Consumer<byte[]> answer) {
        MemberChange change = MemberMessages.decode(question);
        HostedDatabase database = databases().stream()
                .filter(each -> HostedDatabase.groupId(each.name()) == group)
                .findFirst()
                .orElse(null);
        if (database == null) {
            answer.accept(MemberMessages.answer(Refusal.NOT_LEADING));
            return;
        }
        Thread thread = new Thread(
                () -> {
                    long nanos = TimeUnit.MILLISECONDS.toNanos(database.timeoutMillis());
                    Refusal refusal =
                            database.log().changeMembers(known(change), nanos).refusal();
                    LOG.info("database {}: {} {}: {}", database.name(), change.kind(), change.name(), said(refusal));
                    answer.accept(MemberMessages.answer(refusal));
                },
                "synod-members");
        thread.setDaemon(true);
        thread.start();
    }

    /** Who votes does so with the directory that its leader has met. */
    private MemberChange known(MemberChange change) {
        UUID seen = change.kind() == MemberChange.Kind.PROMOTE ? identity.seen(change.name()) : null;
        return seen == null ? change : MemberChange.promote(change.name(), seen);
    }

    private static String said(Refusal refusal) {
        return refusal == null ? "done" : refusal.text();
    }

    private static void check(Refusal refusal, String what, HostedDatabase database, String node) {
        if (refusal == null) {
            return;
        }
        String name = database.name();
        switch (refusal) {
            case NAME_TAKEN -> throw Errors.memberTaken(node, "a member of this name is in " + name + " by now");
            case SLOT_GIVEN ->
                throw Errors.memberTaken(
                        node,
                        refusal.text() + " (" + name
                                + "): remove it, and add it again, so that it gets a new one in all");
            case NO_SUCH_MEMBER ->
                throw Errors.badValue("member", node, "a member of " + name + ", which it is no more");
            case NOT_LEADING, TOO_EARLY, NOT_KNOWN -> throw Errors.membersBusy(what, name, refusal.text());
            case LEARNER_IS_BEHIND -> throw Errors.membersNotChanged(what, name, refusal.text() + lag(database, node));
            case NOT_A_LEARNER, NOT_A_VOTER, TOO_FEW_VOTERS, MAJORITY_OUT_OF_REACH ->
                throw Errors.membersNotChanged(what, name, refusal.text());
        }
    }

    /** Only the leader knows it. */
    private static String lag(HostedDatabase database, String node) {
        for (MemberStatus status : database.log().status()) {
            if (status.name().equals(node) && status.lagEntries() >= 0) {
                return "; it lacks " + status.lagEntries() + " entries";
            }
        }
        return "; SYNOD.MEMBERS on the leader says how far it is";
    }
}
