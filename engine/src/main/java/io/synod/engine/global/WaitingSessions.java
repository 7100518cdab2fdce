package io.synod.engine.global;

import java.util.List;
import java.util.Set;

/** The sessions of one database on this node, as far as they wait for each other. Thread-safe; does not wait for them. */
public interface WaitingSessions {
    String database();

    /** @return empty where this node does not lead: nobody waits here then */
    List<WaitGraph.Wait> waits(int slot);

    /**
     * Ends a transaction together with its statement, which gets 40001, if that is still in this wait.
     *
     * @param over the databases of the ring that it is in, for the message
     */
    void end(WaitGraph.Wait wait, Set<String> over);
}
