package io.synod.engine.operations;

import io.synod.engine.database.HostedDatabase;
import io.synod.group.Epoch;
import io.synod.replica.ReplicatedLog;
import io.synod.replica.ReplicatedLog.MemberStatus;
import java.io.PrintWriter;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/**
 * Prints a line at each change of role, and once that the node is ready: when each of its databases has a leader that
 * serves. Printing has a thread of its own, since a terminal that stands still must not stop the protocol.
 */
final class RoleLines implements HostedDatabase.RoleListener, AutoCloseable {
    private final String node;
    private final PrintWriter out;
    private final ExecutorService printer = Executors.newSingleThreadExecutor(task -> {
        Thread thread = new Thread(task, "synod-lines");
        thread.setDaemon(true);
        return thread;
    });

    // Guarded by this.
    private final Map<String, String> lastLines = new HashMap<>();
    private final Set<String> waiting;

    RoleLines(String node, List<String> databases, PrintWriter out) {
        this.node = node;
        this.waiting = new HashSet<>(databases);
        this.out = out;
    }

    @Override
    public synchronized void onRole(String database, String leader, long epoch, boolean serving) {
        if (serving) {
            changed(database, database + ": leader in epoch " + Epoch.round(epoch), true);
        } else if (leader == null) {
            changed(database, database + ": no leader", false);
        } else if (!leader.equals(node)) {
            changed(database, database + ": follower of " + leader + " in epoch " + Epoch.round(epoch), true);
        }
        // Elected and not serving yet: the next call says how that ended.
    }

    /** What the role is now, unless a change was heard of already. */
    synchronized void stands(String database, ReplicatedLog log) {
        String leader = log.leader();
        if (lastLines.containsKey(database) || leader == null) {
            return;
        }
        long serving = log.servingEpoch();
        if (serving != 0) {
            onRole(database, node, serving, true);
            return;
        }
        for (MemberStatus member : log.status()) {
            if (member.name().equals(leader)
                    && !leader.equals(node)
                    && member.epoch().contains(".")) {
                changed(database, database + ": follower of " + leader + " in epoch " + round(member.epoch()), true);
            }
        }
    }

    private static String round(String epoch) {
        return epoch.substring(0, epoch.indexOf('.'));
    }

    private void changed(String database, String line, boolean hasLeader) {
        if (!line.equals(lastLines.put(database, line))) {
            print(line);
        }
        if (hasLeader && waiting.remove(database) && waiting.isEmpty()) {
            print("synod node " + node + " ready");
        }
    }

    private void print(String line) {
        printer.execute(() -> out.println(line));
    }

    /** Prints what is left, if the output takes it. */
    @Override
    public void close() {
        printer.shutdown();
        try {
            printer.awaitTermination(1, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
