package io.synod.replica;

import io.synod.log.EntryLog;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Groups that were closed while their node goes on: nobody checkpoints what they have in the log, so that it may hold back
 * the log. Thread-safe.
 */
final class ClosedGroups {
    private static final Logger LOG = LoggerFactory.getLogger(ClosedGroups.class);
    /**
     * So many looks in a row must find the same: a log is too large for a moment now and then, and few entries in old segments
     * are written again elsewhere by then.
     */
    static final int LOOKS = 20;

    /** @param looks so often they were found to hold back the log; negative when that was said */
    private record Closed(String name, int looks) {}

    private final Map<Long, Closed> byGroup = new ConcurrentHashMap<>();

    /** @param name of its state machine */
    void closed(long group, String name) {
        byGroup.put(group, new Closed(name, 0));
    }

    void opened(long group) {
        byGroup.remove(group);
    }

    /**
     * Says once of each that holds back the log. By one thread.
     *
     * @param bytesTooMany the log should be smaller by so much; not positive where it is not too large
     */
    void warnOfPinned(EntryLog log, long bytesTooMany) {
        byGroup.forEach((group, closed) -> {
            if (closed.looks >= 0) {
                boolean holds = bytesTooMany > 0
                        && log.lastIndexIn(group, bytesTooMany)
                                > log.recovered(group).base().index();
                int looks = holds ? closed.looks + 1 : 0;
                if (looks == LOOKS) {
                    warn(group, closed.name, bytesTooMany);
                }
                byGroup.replace(group, closed, new Closed(closed.name, looks == LOOKS ? -1 : looks));
            }
        });
    }

    private static void warn(long group, String name, long bytesTooMany) {
        LOG.warn(
                "{} (group {}) was closed on this node, and what it has in the log behind its last checkpoint holds back the"
                        + " log, which is {} bytes too large and grows: connect to it, which opens it again, or restart this"
                        + " node",
                name,
                group,
                bytesTooMany);
    }
}
