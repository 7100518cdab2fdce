package io.synod.engine.node;

import java.sql.SQLException;
import org.h2.api.ErrorCode;

/**
 * 55000: a node whose directory was lost or damaged could not take its place again in time. It does not vote, and nothing of it serves;
 * starting it again goes on from there.
 */
public final class StillReturningException extends SQLException {
    private static final long serialVersionUID = 1;

    StillReturningException(String node, String why) {
        super("node " + node + " waits and does not vote: " + why, "55000", ErrorCode.GENERAL_ERROR_1);
    }
}
