package io.synod.simulation;

import io.synod.group.Base;
import io.synod.group.Entry;
import io.synod.group.EntryKind;
import io.synod.group.Member;
import io.synod.group.Members;
import java.util.ArrayList;
import java.util.List;

/**
 * I6, I8 and I10: what one member knows to be committed was forced by a majority of the voters of the newest configuration in its log, is what every other member commits at
 * that index, and is never voided.
 */
final class CommittedNeverLost implements Checker {
    private final List<Entry> chosen = new ArrayList<>();
    private final ForcedHistory forced = new ForcedHistory();
    private Members configuration;
    private int changes;
    private boolean witnessed;

    /** @param first the configuration to begin with */
    CommittedNeverLost(Members first) {
        configuration = first;
    }

    /** The newest that is committed. */
    Members configuration() {
        return configuration;
    }

    /** So many times it was changed. */
    int changes() {
        return changes;
    }

    /** Whether there was a witness at any time. */
    boolean witnessed() {
        return witnessed;
    }

    /** Entries known to be committed, from index 1. */
    List<Entry> all() {
        return chosen;
    }

    static boolean same(Entry a, Entry b) {
        return a.epoch() == b.epoch() && a.index() == b.index();
    }

    @Override
    public void appending(SimulatedNode node, Entry entry) {
        if (entry.index() > node.disk.last()) {
            return;
        }
        Checker.check(entry.index() > node.commit, node, "voids a committed place by", entry);
        for (long i = entry.index(); i <= Math.min(node.disk.last(), chosen.size()); i++) {
            Entry lost = chosen.get((int) i - 1);
            boolean replaced = i == entry.index() && same(entry, lost);
            Checker.check(replaced || !same(node.disk.entry(i), lost), node, "voids the committed", lost, "by", entry);
        }
    }

    /** What a base covers is committed; what it voids above is not. */
    @Override
    public void rebasing(SimulatedNode node, Base base, boolean voids) {
        Checker.check(base.index() <= chosen.size(), node, "begins behind the uncommitted", base);
        Entry last = chosen.get((int) base.index() - 1);
        Checker.check(last.epoch() == base.epoch(), node, "begins behind", base, "where there is", last);
        Checker.check(base.index() <= node.checkpoint, node, "forgets", base, "and would need", node.checkpoint);
        for (long i = base.index() + 1; voids && i <= Math.min(node.disk.last(), chosen.size()); i++) {
            Entry lost = chosen.get((int) i - 1);
            Entry here = node.disk.entry(i);
            Checker.check(here == null || !same(here, lost), node, "voids the committed", lost, "by", base);
        }
    }

    @Override
    public void forced(SimulatedNode node) {
        forced.note(node);
    }

    @Override
    public void restarted(SimulatedNode node) {
        forced.note(node);
    }

    @Override
    public void committed(SimulatedNode node, long from, long to) {
        Checker.check(to >= from, node, "commits", to, "after", from - 1);
        boolean first = to > chosen.size();
        for (long i = from; i <= to; i++) {
            Entry entry = node.disk.entry(i);
            Checker.check(entry != null, node, "commits", i, "which it does not have");
            if (i <= chosen.size()) {
                Entry other = chosen.get((int) i - 1);
                Checker.check(same(entry, other), node, "commits", entry, "where another has committed", other);
            } else {
                chosen.add(entry);
                if (entry.kind() == EntryKind.CONFIG) {
                    change(node, Members.decode(entry.payload()));
                }
            }
        }
        if (first) {
            Members counted = node.configuration();
            int copies = forced.copies(node.disk.entry(to), counted.voters());
            Checker.check(
                    copies >= counted.majority(), node, "commits", node.disk.entry(to), "forced by", copies, counted);
        }
    }

    private void change(SimulatedNode node, Members next) {
        changes++;
        Checker.check(configuration.votersNotShared(next) <= 1, node, "leaps from", configuration, "to", next);
        long full = next.all().stream()
                .filter(member -> next.mayLead(member.slot()))
                .count();
        long witnesses = next.voters().length - full;
        witnessed |= witnesses > 0;
        Checker.check(
                full > (witnesses > 0 ? 1 : 0) && witnesses < next.majority(), node, "has too few full voters:", next);
        for (Member member : next.all()) {
            Member before = configuration.bySlot(member.slot());
            Checker.check(
                    before == null
                            ? member.slot() >= configuration.nextSlot()
                            : before.name().equals(member.name()),
                    node,
                    "gives a slot twice: from",
                    configuration,
                    "to",
                    next);
        }
        configuration = next;
    }

    @Override
    public void removed(SimulatedNode node) {
        Checker.check(configuration.hasLost(node.slot), node, "takes itself for removed, but there is", configuration);
    }
}
