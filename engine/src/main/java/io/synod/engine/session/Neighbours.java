package io.synod.engine.session;

import io.synod.engine.federation.Federation;
import io.synod.engine.global.Deadlocks;
import io.synod.engine.global.GlobalCommits;
import java.util.Collection;
import java.util.List;

/** The databases that a node hosts, for sessions that name more than their own. Thread-safe. */
public interface Neighbours {
    /** Of a node that hosts one database only. */
    Neighbours NONE = new Neighbours() {
        @Override
        public Sessions find(String name) {
            return null;
        }

        @Override
        public boolean open(String name) {
            return false;
        }

        @Override
        public Collection<String> names() {
            return List.of();
        }

        @Override
        public List<String> nodesWith(String name) {
            return List.of();
        }

        @Override
        public Federation federation() {
            throw new IllegalStateException("a node of one database plans over several");
        }

        @Override
        public GlobalCommits commits() {
            throw new IllegalStateException("a node of one database commits over several");
        }

        @Override
        public Deadlocks deadlocks() {
            throw new IllegalStateException("a node of one database has sessions in several");
        }

        @Override
        public MemberCommands members() {
            throw new IllegalStateException("this node was put together without members");
        }

        @Override
        public ScrubCommands scrub() {
            throw new IllegalStateException("this node was put together without a scrubber");
        }
    };

    /**
     * @param name in any case
     * @return {@code null} when the node has none of this name
     */
    Sessions find(String name);

    /**
     * Opens one that is in the node's directory and that nobody has opened yet.
     *
     * @param name in any case
     * @return false when there is none
     * @throws org.h2.message.DbException it cannot be opened
     */
    boolean open(String name);

    /** In upper case, as statements call them. */
    Collection<String> names();

    /**
     * The other nodes of the cluster that have one, so far as they answer; asks them.
     *
     * @param name in any case
     */
    List<String> nodesWith(String name);

    /** What plans queries over several of them. */
    Federation federation();

    /** What commits over several of them. */
    GlobalCommits commits();

    /** What looks for deadlocks over several of them. */
    Deadlocks deadlocks();

    /** What changes the members of all of them. */
    MemberCommands members();

    /** What looks for damage in the node's files. */
    ScrubCommands scrub();
}
