package io.synod.group;

/** What an entry of the log is. The code is part of the log's format and of the protocol: never reuse one. */
public enum EntryKind {
    /** The entry that a new leader commits in its own epoch before it serves. */
    BARRIER(1),
    /** A configuration of the group, payload {@link Members#encode()}. */
    CONFIG(2),
    /** The payload belongs to whoever uses the log (module engine: write sets, statements, marks). */
    DATA(3);

    private final byte code;

    EntryKind(int code) {
        this.code = (byte) code;
    }

    public byte code() {
        return code;
    }

    /** @throws IllegalArgumentException for a code that this version does not know */
    public static EntryKind of(byte code) {
        return switch (code) {
            case 1 -> BARRIER;
            case 2 -> CONFIG;
            case 3 -> DATA;
            default ->
                throw new IllegalArgumentException(
                        "entry kind " + code + " is not known to this version; expected 1 to 3");
        };
    }
}
