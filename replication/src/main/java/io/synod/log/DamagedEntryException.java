package io.synod.log;

import java.io.IOException;

/** An entry that the log has written and forced cannot be read back: its bytes are not what they were, or the disk does not give them. */
public final class DamagedEntryException extends IOException {
    private static final long serialVersionUID = 1;

    private final int segment;
    private final transient DamagedLogException.Fault fault;

    /** @param cause the disk did not give it; {@code null} where what it gave is not what was written */
    DamagedEntryException(int segment, DamagedLogException.Fault fault, IOException cause) {
        super(
                fault.file() + " is damaged at byte " + fault.position() + ": entry " + fault.fromIndex() + " of group "
                        + fault.group() + " (" + fault.reason() + ")",
                cause);
        this.segment = segment;
        this.fault = fault;
    }

    /** Of the entry, in its group's log. */
    public long index() {
        return fault.fromIndex();
    }

    int segment() {
        return segment;
    }

    DamagedLogException.Fault fault() {
        return fault;
    }
}
