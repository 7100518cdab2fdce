package io.synod.jdbc;

import org.h2.engine.SessionRemote;

/**
 * H2's session on one node.
 *
 * @param endpoint {@code host:port} of the node
 * @param heads what the node says with its answers
 */
record NodeSession(SessionRemote remote, String endpoint, ReplyHeads heads) {
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
