package io.synod.jdbc;

import org.h2.engine.SessionRemote;
import org.h2.message.DbException;

/**
 * H2's session on one node.
 *
 * @param endpoint {@code host:port} of the node
 * @param heads what the node says with its answers
 * @param refused what was said of the first thing that it was told and did not accept; {@code null} for nothing
 */
record NodeSession(SessionRemote remote, String endpoint, ReplyHeads heads, DbException refused) {
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
