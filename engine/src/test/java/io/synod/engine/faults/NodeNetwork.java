package io.synod.engine.faults;

import java.io.IOException;
import java.util.List;
import java.util.SplittableRandom;

/** What lies between nodes that are processes of this machine, and how it fails. Used by one thread. */
interface NodeNetwork extends AutoCloseable {
    /** In front of the node's command line. */
    List<String> prefix(String node);

    /** Where the node listens for its peers. */
    String listen(String node);

    /** Where the node serves clients. */
    String sql(String node);

    /** Where {@code from} reaches {@code to}. */
    String peer(String from, String to);

    /** From now on nothing that {@code from} sends to its peer arrives; what the peer sends does. */
    void cut(String from, String to) throws IOException;

    /** Little goes through between this node and its peers, or late, or only until a connection breaks. */
    void hamper(String node, SplittableRandom random) throws IOException;

    /** Nobody reaches the node, clients neither, and nobody is told. @return false where this network cannot do that */
    boolean isolate(String node) throws IOException;

    /** All is as at first. */
    void heal() throws IOException;

    @Override
    void close();
}
