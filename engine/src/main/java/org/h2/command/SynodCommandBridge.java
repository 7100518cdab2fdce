package org.h2.command;

import org.h2.api.ErrorCode;
import org.h2.message.DbException;

/** The way to a command's mark "cancelled", which H2 keeps to its package. */
public final class SynodCommandBridge {
    private SynodCommandBridge() {}

    /** Takes the mark away, which would end the next execution of the command. @return whether it was there */
    public static boolean takeCancel(Command command) {
        try {
            command.checkCanceled();
            return false;
        } catch (DbException e) {
            if (e.getErrorCode() != ErrorCode.STATEMENT_WAS_CANCELED) {
                throw e;
            }
            return true;
        }
    }
}
