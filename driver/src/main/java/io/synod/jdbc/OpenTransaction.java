package io.synod.jdbc;

import java.sql.SQLException;
import org.h2.command.CommandInterface;

/** Whether a session has a transaction open at its node, from what it has executed there. Under the session's lock. */
final class OpenTransaction {
    private boolean autoCommit;
    /** By BEGIN, which switches auto-commit off for one transaction only. */
    private boolean begun;

    private boolean open;
    /** In its middle, and the application has not ended it yet. */
    private boolean lost;

    private long losses;

    boolean isOpen() {
        return open;
    }

    /** Of the session at its node: while {@link #isLost()} the application's is off. */
    boolean isAutoCommit() {
        return autoCommit;
    }

    /**
     * Whether what comes next may be the second half of what was lost: it must not become a transaction of its own. As in
     * PostgreSQL, the session waits for a rollback.
     */
    boolean isLost() {
        return lost;
    }

    void lose() {
        lost = true;
    }

    /** However that was meant: nothing is open, and the next one may begin. */
    void ended() {
        open = false;
        lost = false;
    }

    /** Commits what is open when that changes, as JDBC has it. */
    void setAutoCommit(boolean value) {
        autoCommit = value;
        begun = false;
    }

    /** @param nowAutoCommit what the node says since */
    void executed(FailoverCommand command, boolean nowAutoCommit) {
        int type = command.getCommandType();
        lost &= type != CommandInterface.ROLLBACK;
        begun |= type == CommandInterface.BEGIN && autoCommit && !nowAutoCommit;
        autoCommit = nowAutoCommit;
        if (!autoCommit && command.isList()) {
            // Whatever the first of them is.
            open = true;
        } else if (autoCommit
                || type == CommandInterface.COMMIT
                || type == CommandInterface.ROLLBACK
                || type == CommandInterface.PREPARE_COMMIT
                || command.commitsFirst()) {
            // What commits first leaves nothing open: neither what was before it, nor itself.
            open = false;
            begun = false;
        } else if (type != CommandInterface.COMMIT_TRANSACTION
                && type != CommandInterface.ROLLBACK_TRANSACTION
                && !SessionState.isSessionSetting(command.sql(), type)) {
            open = true;
        }
    }

    /** The session on the node is gone, and its transaction with it. */
    void gone() {
        lost |= open;
        open = false;
        if (begun) {
            begun = false;
            autoCommit = true;
        }
    }

    /** @return how many transactions were lost, or may be, without the application's doing */
    long losses() {
        return losses;
    }

    void countLoss() {
        losses++;
    }

    /** Counts it where an application would begin its transaction anew because of it, or does not know how it ended. */
    void count(SQLException failure) {
        if (Errors.isRolledBack(failure) || Errors.UNKNOWN_OUTCOME.equals(failure.getSQLState())) {
            losses++;
        }
    }
}
