package io.synod.log;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * The log on disk lacks or has spoilt something that may have been acknowledged. It is not opened and nothing of it is
 * changed: cutting it would lose commits.
 */
public final class DamagedLogException extends IOException {
    private static final long serialVersionUID = 1;

    /**
     * Entries that are missing or damaged.
     *
     * @param file the segment where they should be
     * @param position byte in that file where the damage was found
     * @param group the group, or {@link #UNKNOWN_GROUP} where the damage leaves no trace of it
     * @param fromIndex first index; 0 when only promises are concerned
     * @param toIndex last index
     */
    public record Fault(String file, long position, long group, long fromIndex, long toIndex, String reason) {
        /** The damage leaves no trace of the group; then the range is 0 to {@link Long#MAX_VALUE}. */
        public static final long UNKNOWN_GROUP = Long.MIN_VALUE;

        static Fault unknown(String file, long position, String reason) {
            return new Fault(file, position, UNKNOWN_GROUP, 0, Long.MAX_VALUE, reason);
        }

        public boolean covers(long otherGroup, long index) {
            return group == UNKNOWN_GROUP || group == otherGroup && fromIndex <= index && index <= toIndex;
        }

        @Override
        public String toString() {
            String what = group == UNKNOWN_GROUP
                    ? "entries of an unknown group"
                    : toIndex == 0
                            ? "perhaps a promise of group " + group
                            : "entries " + fromIndex + " to " + toIndex + " of group " + group;
            return file + " at byte " + position + ": " + what + " (" + reason + ")";
        }
    }

    private final transient Path directory;
    private final transient List<Fault> faults;

    DamagedLogException(Path directory, List<Fault> faults) {
        super("the log in " + directory + " is damaged and was left as it is: " + faults.get(0)
                + (faults.size() > 1
                        ? " and " + (faults.size() - 1) + " more: " + faults.subList(1, faults.size())
                        : "")
                + ". What is damaged may have been committed, so it is not dropped. The other members hold it: move the"
                + " directory aside and let this node fetch everything from them; without other members restore the"
                + " directory from a backup. Do not delete single files of it.");
        this.directory = directory;
        this.faults = List.copyOf(faults);
    }

    /** What the log keeps beside its entries is damaged. */
    static DamagedLogException of(Path file, String why) {
        return new DamagedLogException(
                file.getParent(), List.of(Fault.unknown(file.getFileName().toString(), 0, why)));
    }

    public Path directory() {
        return directory;
    }

    /** At least one, in the order of the log. */
    public List<Fault> faults() {
        return faults;
    }
}
