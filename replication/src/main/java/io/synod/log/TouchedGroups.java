package io.synod.log;

import java.util.Arrays;
import java.util.List;
import java.util.function.LongConsumer;

/** Groups that appended since the last force. Allocates nothing. Not thread-safe. */
final class TouchedGroups {
    private long[] groups = new long[8];
    private int count;

    void add(List<EntryLog.Append> batch) {
        long previous = 0;
        for (int i = 0; i < batch.size(); i++) {
            long group = batch.get(i).group();
            if (i > 0 && group == previous) {
                continue;
            }
            previous = group;
            add(group);
        }
    }

    private void add(long group) {
        for (int i = 0; i < count; i++) {
            if (groups[i] == group) {
                return;
            }
        }
        if (count == groups.length) {
            groups = Arrays.copyOf(groups, count * 2);
        }
        groups[count++] = group;
    }

    /** Tells of each, and forgets them. */
    void drain(LongConsumer to) {
        for (int i = 0; i < count; i++) {
            to.accept(groups[i]);
        }
        count = 0;
    }
}
