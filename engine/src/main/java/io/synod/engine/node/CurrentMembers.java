package io.synod.engine.node;

import io.synod.engine.database.HostedDatabase;
import io.synod.group.Member;
import io.synod.group.Members;
import io.synod.replica.ReplicatedLog;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Who belongs to the groups of this node by now, as their logs say. Thread-safe. */
final class CurrentMembers {
    private static final Logger LOG = LoggerFactory.getLogger(CurrentMembers.class);

    private final NodePlace place;
    private final Supplier<Map<String, ReplicatedLog>> logs;

    /** @param logs of the node's databases, by lower-case name */
    CurrentMembers(NodePlace place, Supplier<Map<String, ReplicatedLog>> logs) {
        this.place = place;
        this.logs = logs;
    }

    static Map<String, ReplicatedLog> logsOf(Collection<HostedDatabase> hosted) {
        Map<String, ReplicatedLog> logs = new TreeMap<>();
        hosted.forEach(database -> logs.put(database.name(), database.log()));
        return logs;
    }

    /** @return {@code null} where it is no member of that database's group */
    Member find(String database, String node) {
        ReplicatedLog log = logs.get().get(database.toLowerCase(Locale.ROOT));
        return log == null ? null : log.members().byName(node);
    }

    int selfSlot() {
        return place.slot();
    }

    /** The members of any of the groups, but for this node. */
    List<Member> others() {
        return all(ReplicatedLog::members).stream()
                .filter(member -> member.slot() != place.slot())
                .toList();
    }

    List<Integer> otherSlots() {
        return others().stream().map(Member::slot).toList();
    }

    /** Those that are so whatever becomes of the present leaders; of a name that has two slots meanwhile, the newer one. */
    List<Member> committed() {
        Map<String, Member> byName = new TreeMap<>();
        for (Member member : all(ReplicatedLog::committedMembers)) {
            byName.put(member.name(), member);
        }
        return List.copyOf(byName.values());
    }

    /** Whether so many of these are members of groups of this node that they may yet be a majority of a new one. */
    boolean haveMajorityOf(Members first) {
        List<Integer> slots = committed().stream().map(Member::slot).toList();
        return IntStream.of(first.voters()).filter(slots::contains).count() >= first.majority();
    }

    /** Of a database that is begun with these. */
    void warnWithoutMajorityOf(Members first, String database) {
        if (!haveMajorityOf(first)) {
            LOG.warn(
                    "database {} begins with the nodes that began the cluster, {}, most of which were removed or replaced:"
                            + " unless it was created before that, it gets no leader. A schema of a database that is"
                            + " there can take its place",
                    database,
                    first.all().stream().map(Member::name).toList());
        }
    }

    /** One that no group of this node has given. */
    int nextSlot() {
        int next = place.known().nextSlot();
        for (ReplicatedLog log : logs.get().values()) {
            next = Math.max(next, log.members().nextSlot());
        }
        return next;
    }

    private List<Member> all(Function<ReplicatedLog, Members> look) {
        Map<Integer, Member> bySlot = new TreeMap<>();
        for (ReplicatedLog log : logs.get().values()) {
            for (Member member : look.apply(log).all()) {
                bySlot.put(member.slot(), member);
            }
        }
        if (bySlot.isEmpty()) {
            return place.known().all();
        }
        return List.copyOf(bySlot.values());
    }
}
