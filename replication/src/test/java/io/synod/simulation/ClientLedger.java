package io.synod.simulation;

import io.synod.group.Entry;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What the log makes of clients' transactions, at each of its indexes: lists, accounts, and what is known of each session's
 * commits, by the rule of the engine's {@code AppliedState}. As all members apply the same ({@link AppliedAgree}), one is enough
 * for all; a member sees it as of what it has applied.
 *
 * <p>I18: an intent is applied once at most; what was denied never is; what was acknowledged is. And no write is lost, or the
 * sum of all balances would change.
 */
final class ClientLedger implements Checker {
    private record Number(int session, long number) {}

    private record At(long index, long value) {}

    private final boolean ignoresFences;
    /** The greatest number of each session that was committed or fenced. */
    private final Map<Integer, Long> last = new HashMap<>();
    /** Committed numbers of each session. */
    private final Map<Integer, List<At>> commits = new HashMap<>();

    private final Map<Integer, List<At>> lists = new HashMap<>();
    private final Map<Integer, List<At>> balances = new HashMap<>();
    private final Set<Number> applied = new HashSet<>();
    private final Set<Long> intents = new HashSet<>();
    private final Set<Number> denied = new HashSet<>();
    private long index;
    private long sum;
    private int voids;

    ClientLedger(Mutant mutant) {
        ignoresFences = mutant == Mutant.FENCE_IS_IGNORED;
    }

    /** So many came after their fence. */
    int voids() {
        return voids;
    }

    Set<Integer> lists() {
        return lists.keySet();
    }

    long index() {
        return index;
    }

    @Override
    public void applied(SimulatedNode node, Entry entry) {
        if (entry.index() <= index) {
            return;
        }
        index = entry.index();
        ClientEntry client = ClientEntry.of(entry);
        if (client == null) {
            return;
        }
        long before = last.getOrDefault(client.session(), 0L);
        if (client.fence()) {
            last.put(client.session(), ignoresFences ? before : Math.max(before, client.number()));
        } else if (client.number() > before) {
            last.put(client.session(), client.number());
            apply(client);
        } else {
            voids++;
        }
    }

    private void apply(ClientEntry client) {
        Number number = new Number(client.session(), client.number());
        Checker.check(!denied.contains(number), "applies", client, "though its client was told that it never would");
        Checker.check(applied.add(number), "applies twice", client);
        Checker.check(intents.add(client.intent()), "applies", client, "after another attempt at the same");
        add(commits, client.session(), client.number());
        for (ClientEntry.Write write : client.writes()) {
            add(lists, write.list(), write.value());
            sum += write.balance() - balance(write.account(), index);
            add(balances, write.account(), write.balance());
        }
        Checker.check(sum == 0, "all balances together are", sum, "after", client);
    }

    private void add(Map<Integer, List<At>> map, int key, long value) {
        map.computeIfAbsent(key, k -> new ArrayList<>()).add(new At(index, value));
    }

    // ------------------------------------------------------------------ what clients were told

    void acknowledged(int session, long number) {
        Checker.check(applied.contains(new Number(session, number)), "acknowledged but not applied:", session, number);
    }

    void denied(int session, long number) {
        Number each = new Number(session, number);
        Checker.check(!applied.contains(each), "applied, and its client was told that it was not:", session, number);
        denied.add(each);
    }

    // ------------------------------------------------------------------ what a member sees

    /** Whether that number, or a later one of the session, has committed. */
    boolean isCommitted(int session, long number, long asOf) {
        for (At commit : commits.getOrDefault(session, List.of())) {
            if (commit.index <= asOf && commit.value >= number) {
                return true;
            }
        }
        return false;
    }

    List<Long> list(int list, long asOf) {
        List<Long> values = new ArrayList<>();
        for (At each : lists.getOrDefault(list, List.of())) {
            if (each.index <= asOf) {
                values.add(each.value);
            }
        }
        return values;
    }

    long balance(int account, long asOf) {
        List<At> all = balances.getOrDefault(account, List.of());
        for (int i = all.size() - 1; i >= 0; i--) {
            if (all.get(i).index <= asOf) {
                return all.get(i).value;
            }
        }
        return 0;
    }
}
