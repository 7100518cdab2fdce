package io.synod.history;

import java.util.List;

/**
 * What a client saw of one transaction on lists. Values are appended to a key once in a history, so that each list that is
 * read tells who made it, and in which order (Kingsbury and Alvaro, "Elle", VLDB 2020, section 3: recoverability and
 * traceability).
 *
 * @param process who runs one transaction after the other
 * @param ended when its end was known to the client; meaningless where the outcome is unknown
 * @param actions in their order; a read that got no answer is left out
 */
public record Transaction(int id, int process, Outcome outcome, long began, long ended, List<Action> actions) {
    /** Of a list, in a report. */
    private static final int SHOWN_MAX = 12;

    /** What the client knows. */
    public enum Outcome {
        COMMITTED,
        ABORTED,
        /** Counts as committed when another one shows something of it, else as if it had never been. */
        UNKNOWN
    }

    /** On one list. */
    public sealed interface Action {
        String key();
    }

    /** One value to the list's end. */
    public record Append(String key, long value) implements Action {
        @Override
        public String toString() {
            return "append " + value + " to " + key;
        }
    }

    /** The whole list; a list that does not exist is empty. */
    public record Read(String key, List<Long> values) implements Action {
        public Read {
            values = List.copyOf(values);
        }

        @Override
        public String toString() {
            int left = values.size() <= SHOWN_MAX ? 0 : values.size() - SHOWN_MAX;
            String beginning = left == 0 ? "" : left + " values, then ";
            return "read " + key + " " + beginning + values.subList(left, values.size());
        }
    }

    public Transaction {
        actions = List.copyOf(actions);
        if (outcome != Outcome.UNKNOWN && ended < began) {
            throw new IllegalArgumentException("T" + id + " ended at " + ended + " and began at " + began);
        }
    }

    String name() {
        return "T" + id;
    }

    @Override
    public String toString() {
        return name() + " " + outcome + " [" + began + ", " + (outcome == Outcome.UNKNOWN ? "unknown" : ended)
                + "] in process " + process + ": " + actions;
    }
}
