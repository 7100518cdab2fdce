package io.synod.jdbc;

import java.util.List;
import org.h2.engine.SessionRemote;
import org.h2.message.DbException;

/**
 * H2's session on one node.
 *
 * @param endpoint {@code host:port} of the node
 * @param heads what the node says with its answers
 * @param refused what was said of the first thing that it was told and did not accept; {@code null} for nothing
 * @param rest what it has still to be told
 */
record NodeSession(
        SessionRemote remote, String endpoint, ReplyHeads heads, DbException refused, List<SessionState.Replay> rest) {
    /** See {@link ReplyHead#databases}. */
    String databases() {
        ReplyHead head = latest();
        return head == null ? "" : head.databases();
    }

    /** @return {@code null} where the node has said nothing */
    ReplyHead latest() {
        return heads.latest();
    }
}
