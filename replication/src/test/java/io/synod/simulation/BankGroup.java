package io.synod.simulation;

import io.synod.group.Entry;
import io.synod.group.EntryKind;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A replicated group with a bank in it, and what its log makes of that bank, read as it is committed. */
final class BankGroup implements Checker {
    private final String name;
    private final Cluster cluster;
    private final GlobalMutant mutant;
    private final GlobalRules rules;
    private final BankMember[] members;
    /** What entries say; the log carries their numbers. */
    private final Map<Long, Ledger.Logged> meanings = new HashMap<>();

    private final Ledger truth;
    private long judged;

    BankGroup(String name, Cluster cluster, GlobalMutant mutant, GlobalRules rules, BankMember.Silence silence) {
        this.name = name;
        this.cluster = cluster;
        this.mutant = mutant;
        this.rules = rules;
        this.truth = emptyLedger();
        members = new BankMember[cluster.size()];
        for (SimulatedNode node : cluster.nodes()) {
            members[node.slot - 1] = new BankMember(this, node, mutant, silence);
        }
        cluster.watch(this);
    }

    String name() {
        return name;
    }

    Cluster cluster() {
        return cluster;
    }

    BankMember member(int slot) {
        return members[slot - 1];
    }

    /** What the committed log leads to. */
    Ledger truth() {
        return truth;
    }

    Ledger emptyLedger() {
        return new Ledger(mutant.branch.participation());
    }

    byte[] encode(Ledger.Logged logged) {
        long number = cluster.nextValue();
        meanings.put(number, logged);
        return ByteBuffer.allocate(8).putLong(number).array();
    }

    /** {@code null} for what is nothing to the bank. */
    Ledger.Logged meaning(Entry entry) {
        return entry.kind() == EntryKind.DATA
                ? meanings.get(ByteBuffer.wrap(entry.payload()).getLong())
                : null;
    }

    Ledger fold(List<Entry> entries) {
        Ledger ledger = emptyLedger();
        for (Entry entry : entries) {
            Ledger.Logged logged = meaning(entry);
            if (logged != null) {
                ledger.apply(logged);
            }
        }
        return ledger;
    }

    @Override
    public void applied(SimulatedNode node, Entry entry) {
        Ledger.Logged logged = meaning(entry);
        if (entry.index() == judged + 1) {
            judged++;
            if (logged != null) {
                rules.logged(this, truth, logged);
                if (truth.apply(logged)) {
                    rules.changed(this, logged);
                }
            }
        }
        member(node.slot).applied(entry, logged);
    }

    @Override
    public void acknowledged(SimulatedNode node, Entry entry) {
        member(node.slot).acknowledged(entry);
    }

    @Override
    public void restarted(SimulatedNode node) {
        member(node.slot).load(mutant == GlobalMutant.PREPARED_LOST_IN_RESTART);
    }

    @Override
    public void installed(SimulatedNode node) {
        member(node.slot).load(mutant == GlobalMutant.PREPARED_LOST_IN_SNAPSHOT);
    }

    @Override
    public void settled(Cluster settled) {
        for (SimulatedNode node : cluster.nodes()) {
            if (node.isLost()) {
                continue;
            }
            BankMember member = member(node.slot);
            Checker.check(
                    member.ledger().sameAs(truth), name, "differs on a member:", member.ledger(), "expected", truth);
        }
    }
}
