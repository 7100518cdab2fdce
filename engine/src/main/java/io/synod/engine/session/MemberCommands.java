package io.synod.engine.session;

import java.util.List;

/** Changes of the members, in all databases of a node. Thread-safe. */
public interface MemberCommands {
    /**
     * What was done in one database.
     *
     * @param membership what the node is there now: LEARNER, VOTER or REMOVED
     */
    record Done(String database, String node, String membership) {}

    /**
     * A node comes, as a learner. Where it is one already, it stays so.
     *
     * @param member {@code NAME@HOST:PORT}
     * @throws org.h2.message.DbException 22023 the text is none, 42710 name or address are those of another
     */
    List<Done> add(String member);

    /**
     * A learner votes from now on.
     *
     * @throws org.h2.message.DbException 22023 no such member, 55000 it is behind
     */
    List<Done> promote(String node);

    /**
     * A member goes.
     *
     * @throws org.h2.message.DbException 22023 no such member, 55000 no voter, or no majority of them, would be left
     */
    List<Done> remove(String node);
}
