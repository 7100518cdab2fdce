package io.synod.engine.session;

import java.util.List;

/** Changes of the members, in all databases of a node. Thread-safe. */
public interface MemberCommands {
    /**
     * What was done in one database.
     *
     * @param membership what the node is there now: LEARNER, VOTER, WITNESS or REMOVED
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
     * A node comes, as a witness: it votes and keeps the log. Where it is one already, it stays so.
     *
     * @param member {@code NAME@HOST:PORT}
     * @throws org.h2.message.DbException 22023 the text is none, 42710 name or address are those of another, 55000 there are not two
     *     voters with a copy, or no majority that has everything
     */
    List<Done> addWitness(String member);

    /**
     * A voter is a learner from now on: it gets everything and counts for nothing.
     *
     * @throws org.h2.message.DbException 22023 no such member, 55000 no voter, or no majority of them, would be left
     */
    List<Done> demote(String node);

    /**
     * A member is found at another address from now on.
     *
     * @param member {@code NAME@HOST:PORT}: its name, and where its peers reach it
     * @throws org.h2.message.DbException 22023 the text is none, or no such member, 42710 the address is another's
     */
    List<Done> move(String member);

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
