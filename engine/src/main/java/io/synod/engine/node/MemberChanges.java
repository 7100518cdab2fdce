package io.synod.engine.node;

import io.synod.engine.database.Errors;
import io.synod.engine.database.HostedDatabase;
import io.synod.engine.database.MemberErrors;
import io.synod.engine.session.MemberCommands;
import io.synod.group.Member;
import io.synod.paxos.MemberChange;
import io.synod.paxos.MemberChange.Refusal;
import io.synod.replica.Patience;
import io.synod.replica.Questions;
import io.synod.replica.ReplicatedLog.MemberStatus;
import io.synod.transport.SocketTransport;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.h2.message.DbException;
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
    private static final long REPLACE_MILLIS_MAX = 3_000;
    private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(20);
    /** What passes by itself, or is known when it is asked for again. */
    static final Set<Refusal> PASSING = Set.of(Refusal.NOT_LEADING, Refusal.TOO_EARLY, Refusal.NOT_KNOWN);
    /**
     * So often a person's wish is put forward while a majority is missing, some five seconds: a voter may be a moment behind, as after a
     * start; where it stays away, whoever asks has to hear that soon.
     */
    private static final int MAJORITY_TRIES = 250;
    /** So often where the leader says that it cannot, for a second: it may be about to stop. */
    private static final int FAILED_TRIES = 5;

    private static final long FAILED_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(250);

    private final NodeConfig config;
    private final NodePlace place;
    private final IdentityFile identity;
    private final CurrentMembers current;
    private final MemberQuestions leaders;
    private final Supplier<Collection<HostedDatabase>> hosted;
    private final ReentrantLock changing = new ReentrantLock();
    private final ReentrantLock replacing = new ReentrantLock();

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
        this.leaders = new MemberQuestions(identity, questions, this::databases);
        this.hosted = hosted;
    }

    @Override
    public List<Done> add(String member) {
        return alone(member, () -> add(member, Member.Role.LEARNER));
    }

    @Override
    public List<Done> addWitness(String member) {
        return alone(member, () -> add(member, Member.Role.WITNESS));
    }

    /** One person's wish at a time; who waits for another's is told in time, and can be cancelled. */
    private List<Done> alone(String member, Supplier<List<Done>> change) {
        long millis = hosted.get().stream()
                .mapToLong(HostedDatabase::timeoutMillis)
                .max()
                .orElse(0);
        if (!Patience.lock(changing, TimeUnit.MILLISECONDS.toNanos(millis))) {
            throw MemberErrors.membersBusy(
                    "what is asked of node " + member, name(databases()), "another change is being made");
        }
        try {
            return change.get();
        } finally {
            changing.unlock();
        }
    }

    private static MemberChange addition(Member.Role as, String name, String address, int slot) {
        return as == Member.Role.WITNESS
                ? MemberChange.addWitness(name, Member.UNSEEN, address, slot)
                : MemberChange.add(name, Member.UNSEEN, address, slot);
    }

    private List<Done> add(String member, Member.Role as) {
        if (!isPlace(member)) {
            throw Errors.badValue(
                    "member", member, "NAME@HOST:PORT, its name and the address at which its peers reach it");
        }
        if (!config.hasAddress()) {
            throw MemberErrors.memberTaken(
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
        if (lacking.isEmpty()) {
            throw MemberErrors.memberTaken(member, "it is a member already");
        }
        int slot = known == null ? current.nextSlot() : known.slot();
        List<Done> done = new ArrayList<>();
        for (HostedDatabase database : lacking) {
            Refusal refusal = change(database, addition(as, name, address, slot));
            while (refusal == Refusal.SLOT_GIVEN && known == null && done.isEmpty()) {
                refusal = change(database, addition(as, name, address, ++slot));
            }
            check(refusal, "adding " + name, database, name);
            done.add(new Done(database.name(), name, as.name()));
        }
        return done;
    }

    private static boolean isPlace(String member) {
        return ADDED.matcher(member).matches()
                && !SocketTransport.isWildcard(member.substring(member.indexOf('@') + 1));
    }

    /** @return that member, where it is one already; {@code null} where nothing of it is known */
    private static Member memberOf(HostedDatabase database, String name, String address) {
        for (Member member : database.log().members().all()) {
            if (member.name().equals(name) && !member.address().equals(address)) {
                throw MemberErrors.memberTaken(
                        name + "@" + address,
                        "a member of this name is at " + member.address() + " in " + database.name());
            }
            if (member.address().equals(address) && !member.name().equals(name)) {
                throw MemberErrors.memberTaken(
                        name + "@" + address, "its address is that of " + member.name() + " in " + database.name());
            }
        }
        return database.log().members().byName(name);
    }

    // ------------------------------------------------------------------ another directory of a known name

    /**
     * Has a node take the place of the one that it was before it lost its directory, in each database where that is still to be done. Asks no
     * person: the leaders see to it that the other directory is not there, and it is reached where it was, so that nobody has the others talk
     * to a place of his choice.
     *
     * @return why it is not done in all; empty where it is
     */
    String replace(String name, UUID incarnation) {
        if (databases().isEmpty()) {
            return "node " + config.name() + " has no copy of a database, and cannot ask the leaders";
        }
        if (!replacing.tryLock()) {
            return "node " + config.name() + " is at it, or lets another node in: this one asks again";
        }
        try {
            Integer slot = slotOf(name, incarnation);
            for (HostedDatabase database : databases()) {
                Member there = database.log().members().byName(name);
                if (there == null || isMet(there, incarnation)) {
                    continue;
                }
                int given = slot == null ? current.nextSlot() : slot;
                Refusal refusal = replace(database, there, incarnation, given);
                while (refusal == Refusal.SLOT_GIVEN && slot == null) {
                    refusal = replace(database, there, incarnation, ++given);
                }
                if (refusal == Refusal.SLOT_GIVEN) {
                    // It has that one in another database, and one node has one slot.
                    return "database " + database.name() + ": " + refusal.text() + ": have " + name
                            + " removed from all databases and added again, for an empty directory with JOIN=TRUE";
                }
                if (refusal != null && refusal != Refusal.NAME_TAKEN) {
                    return "database " + database.name() + ": " + refusal.text();
                }
                slot = slotOf(name, incarnation);
            }
            return "";
        } catch (DbException e) {
            return e.getSQLException().getMessage();
        } finally {
            replacing.unlock();
        }
    }

    private Refusal replace(HostedDatabase database, Member lost, UUID incarnation, int slot) {
        MemberChange change = MemberChange.replace(lost.name(), incarnation, lost.address(), slot);
        Refusal refusal = change(database, change, REPLACE_MILLIS_MAX, 1);
        if (refusal == null) {
            LOG.warn(
                    "database {}: node {} has lost its directory and is a new member at {}, with slot {}",
                    database.name(),
                    lost.name(),
                    lost.address(),
                    slot);
        }
        return refusal;
    }

    /** @return the slot that this directory has in any of the groups; {@code null} for none */
    private Integer slotOf(String name, UUID incarnation) {
        for (HostedDatabase database : databases()) {
            Member member = database.log().members().byName(name);
            if (member != null && member.incarnation().equals(incarnation)) {
                return member.slot();
            }
        }
        return null;
    }

    private boolean isMet(Member member, UUID incarnation) {
        UUID directory = member.incarnation().equals(Member.UNSEEN)
                ? identity.seen(member.name(), member.slot())
                : member.incarnation();
        return incarnation.equals(directory);
    }

    /**
     * Has this node vote in a database, once it has caught up.
     *
     * @return why it does not yet; {@code null} where it does
     */
    Refusal voteAgain(HostedDatabase database) {
        Refusal refusal = change(database, MemberChange.promote(config.name()), REPLACE_MILLIS_MAX, 1);
        return refusal == Refusal.NOT_A_LEARNER ? null : refusal;
    }

    // ------------------------------------------------------------------ as somebody asks for it

    @Override
    public List<Done> promote(String node) {
        return alone(node, () -> promoted(node));
    }

    private List<Done> promoted(String node) {
        List<Done> done = new ArrayList<>();
        for (HostedDatabase database : having(node)) {
            Member member = database.log().members().byName(node);
            if (member != null && member.role() == Member.Role.LEARNER) {
                check(change(database, MemberChange.promote(node)), "promoting " + node, database, node);
                done.add(new Done(database.name(), node, Member.Role.VOTER.name()));
            }
        }
        if (done.isEmpty()) {
            throw MemberErrors.membersNotChanged("promoting " + node, name(having(node)), "it votes already");
        }
        return done;
    }

    @Override
    public List<Done> demote(String node) {
        return alone(node, () -> demoted(node));
    }

    private List<Done> demoted(String node) {
        List<Done> done = new ArrayList<>();
        for (HostedDatabase database : having(node)) {
            Member member = database.log().members().byName(node);
            if (member != null && member.role() != Member.Role.LEARNER) {
                check(change(database, MemberChange.demote(node)), "demoting " + node, database, node);
                done.add(new Done(database.name(), node, Member.Role.LEARNER.name()));
            }
        }
        if (done.isEmpty()) {
            throw MemberErrors.membersNotChanged("demoting " + node, name(having(node)), "it is a learner already");
        }
        return done;
    }

    @Override
    public List<Done> move(String member) {
        return alone(member, () -> moved(member));
    }

    private List<Done> moved(String member) {
        if (!isPlace(member)) {
            throw Errors.badValue(
                    "member",
                    member,
                    "NAME@HOST:PORT, its name and the address on which its peers reach it from now on");
        }
        String name = member.substring(0, member.indexOf('@'));
        String address = member.substring(name.length() + 1);
        List<Done> done = new ArrayList<>();
        for (HostedDatabase database : having(name)) {
            for (Member other : database.log().members().all()) {
                if (other.address().equals(address) && !other.name().equals(name)) {
                    throw MemberErrors.memberTaken(
                            member, "its address is that of " + other.name() + " in " + database.name());
                }
            }
            // Whoever has lost the answer asks again.
            Refusal refusal = change(database, MemberChange.move(name, address));
            check(refusal == Refusal.NAME_TAKEN ? null : refusal, "moving " + name, database, name);
            Member moved = database.log().members().byName(name);
            done.add(new Done(
                    database.name(),
                    name,
                    moved == null ? "REMOVED" : moved.role().name()));
        }
        return done;
    }

    @Override
    public List<Done> remove(String node) {
        return alone(node, () -> removed(node));
    }

    private List<Done> removed(String node) {
        List<Done> done = new ArrayList<>();
        // Whoever has lost the answer asks again.
        for (HostedDatabase database : identity.knows(node, place) ? databases() : having(node)) {
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
        return change(database, change, database.timeoutMillis(), MAJORITY_TRIES);
    }

    /** @param majorityTries how often it is asked for where a majority is missing */
    private Refusal change(HostedDatabase database, MemberChange change, long millis, int majorityTries) {
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
        boolean perhapsDone = false;
        Refusal refusal = null;
        int unreached = 0;
        int failed = 0;
        while (true) {
            if (perhapsDone && isSelfRemoved(database, change)) {
                return null;
            }
            database.checkRunning();
            long left = deadline - System.nanoTime();
            if (left <= 0 && refusal != null && !perhapsDone) {
                return refusal;
            }
            String leader = left > 0 ? database.log().awaitLeader(left) : null;
            if (leader == null && !perhapsDone) {
                throw database.noLeader();
            }
            try {
                refusal = leader == null ? Refusal.NOT_KNOWN : leaders.ask(database, leader, change, left);
            } catch (MemberMessages.FailedException e) {
                // Where that node is about to stop, the next leader knows.
                if (++failed == FAILED_TRIES || Patience.isOver()) {
                    throw MemberErrors.leaderFailed(database.name(), leader, e.getMessage());
                }
                refusal = Refusal.NOT_KNOWN;
            }
            if (refusal == null || perhapsDone && refusal == whenDone(change)) {
                return null;
            }
            perhapsDone |= refusal == Refusal.NOT_KNOWN;
            boolean passes =
                    refusal == Refusal.MAJORITY_OUT_OF_REACH ? ++unreached < majorityTries : PASSING.contains(refusal);
            if (!passes || System.nanoTime() > deadline || Patience.isOver()) {
                return refusal;
            }
            LockSupport.parkNanos(failed > 0 ? FAILED_PAUSE_NANOS : PAUSE_NANOS);
        }
    }

    /** A leader that removes itself may hear that it is done from whoever leads now. */
    private boolean isSelfRemoved(HostedDatabase database, MemberChange change) {
        return change.kind() == MemberChange.Kind.REMOVE
                && change.name().equals(config.name())
                && identity.removedFrom(database.name()) != null;
    }

    /** How it is refused where it has been made. */
    private static Refusal whenDone(MemberChange change) {
        return switch (change.kind()) {
            case ADD, ADD_WITNESS, REPLACE, MOVE -> Refusal.NAME_TAKEN;
            case PROMOTE -> Refusal.NOT_A_LEARNER;
            case DEMOTE -> Refusal.NOT_A_VOTER;
            case REMOVE -> Refusal.NO_SUCH_MEMBER;
        };
    }

    /** Another node asks this one, which leads, for a change; answered from a thread that may wait. */
    void asked(long group, byte[] question, Consumer<byte[]> answer) {
        leaders.asked(group, question, answer);
    }

    private static void check(Refusal refusal, String what, HostedDatabase database, String node) {
        if (refusal == null) {
            return;
        }
        String name = database.name();
        switch (refusal) {
            case NAME_TAKEN -> throw MemberErrors.memberTaken(node, "a member of this name is in " + name + " by now");
            case SLOT_GIVEN ->
                throw MemberErrors.memberTaken(
                        node,
                        refusal.text() + " (" + name
                                + "): remove it, and add it again, so that it gets a new one in all");
            case NO_SLOT_LEFT -> throw MemberErrors.memberTaken(node, refusal.text() + " (" + name + ")");
            case NO_SUCH_MEMBER ->
                throw Errors.badValue("member", node, "a member of " + name + ", which it is no more");
            case NOT_LEADING, TOO_EARLY, NOT_KNOWN -> throw MemberErrors.membersBusy(what, name, refusal.text());
            case LEARNER_IS_BEHIND ->
                throw MemberErrors.membersNotChanged(what, name, refusal.text() + lag(database, node));
            case NOT_A_LEARNER, NOT_A_VOTER, STILL_THERE, TOO_FEW_VOTERS, MAJORITY_OUT_OF_REACH ->
                throw MemberErrors.membersNotChanged(what, name, refusal.text());
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
