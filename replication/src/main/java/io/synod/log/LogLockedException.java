package io.synod.log;

import java.io.IOException;
import java.nio.file.Path;

/** The directory of a log is in use, by another process or by another node of this JVM. */
public final class LogLockedException extends IOException {
    private static final long serialVersionUID = 1;

    private final String holder;

    LogLockedException(Path directory, String holder) {
        super("the log in " + directory + " is in use by " + holder
                + "; stop that node first, or give this one a directory of its own");
        this.holder = holder;
    }

    /** Who has it, for people: process id and node's name. */
    public String holder() {
        return holder;
    }
}
