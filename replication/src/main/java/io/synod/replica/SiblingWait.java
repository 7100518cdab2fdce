package io.synod.replica;

import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.LongPredicate;

/**
 * Which entries have {@link Siblings} that are still to come. Not thread-safe.
 *
 * <p>What is not known, be it that it is too long ago or that this node came later, has none.
 */
final class SiblingWait {
    private static final int FAMILIES_MAX = 1024;

    private static final class Family {
        private final Set<Long> groups = new HashSet<>();
        /** By phase, as soon as there is an entry of it. */
        private final Map<Integer, Set<Long>> missing = new HashMap<>();
    }

    private final LongPredicate hosted;
    private final Map<String, Family> families = new LinkedHashMap<>() {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Family> eldest) {
            return size() > FAMILIES_MAX;
        }
    };

    /** @param hosted whether a group's entries come to this node at all */
    SiblingWait(LongPredicate hosted) {
        this.hosted = hosted;
    }

    /** @return whether siblings of this entry have not come yet */
    boolean lacksAny(long group, Siblings entry) {
        Family family = families.get(entry.family());
        if (family == null) {
            if (entry.groups() == null) {
                return false;
            }
            family = new Family();
            for (long each : entry.groups()) {
                if (hosted.test(each)) {
                    family.groups.add(each);
                }
            }
            families.put(entry.family(), family);
        }
        Set<Long> all = family.groups;
        Set<Long> missing = family.missing.computeIfAbsent(entry.phase(), phase -> new HashSet<>(all));
        missing.remove(group);
        return !missing.isEmpty();
    }
}
