package io.synod.engine.session;

import io.synod.engine.database.CommitLevel;
import io.synod.engine.database.ReadDemand;
import io.synod.engine.database.Seen;
import java.sql.SQLWarning;

/** How much consistency a session pays for, what it has been shown so far, and what it has to be told. Under its lock. */
final class Levels {
    private final Seen seen = new Seen();
    private ReadDemand read;
    private CommitLevel commit;
    private SQLWarning warnings;

    Levels(ReadDemand read, CommitLevel commit) {
        this.read = read;
        this.commit = commit;
    }

    Seen seen() {
        return seen;
    }

    ReadDemand read() {
        return read;
    }

    void read(ReadDemand demand) {
        read = demand;
    }

    CommitLevel commit() {
        return commit;
    }

    void commit(CommitLevel level) {
        commit = level;
    }

    /** SQLState 01000: what was asked for has happened, and something about it is not as it was asked for. */
    void warn(String text) {
        SQLWarning warning = new SQLWarning(text, "01000");
        if (warnings == null) {
            warnings = warning;
        } else {
            warnings.setNextWarning(warning);
        }
    }

    boolean hasWarnings() {
        return warnings != null;
    }

    /** @return {@code null} when there is none */
    SQLWarning takeWarnings() {
        SQLWarning taken = warnings;
        warnings = null;
        return taken;
    }
}
