package io.synod.transport;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Which incarnation (data directory) a peer of a given name was seen with. A peer that comes back with another one has
 * lost its disk, and with it promises that others rely on: it must not vote under its old slot. Thread-safe.
 */
public interface PeerIdentities {
    /**
     * Notes the incarnation of this name if it is the first one seen.
     *
     * @return the incarnation that holds for this name: the given one, or another one that was seen before
     */
    UUID firstSeen(String name, UUID incarnation) throws IOException;

    /**
     * The same for a name that several slots have had, one after the other: what is known of a slot says nothing of the next one.
     */
    default UUID firstSeen(String name, int slot, UUID incarnation) throws IOException {
        return firstSeen(name, incarnation);
    }

    /**
     * Remembers in this file, which is made at the first peer.
     *
     * @throws IOException when the file cannot be read, or is not one of these
     */
    static PeerIdentities in(Path file) throws IOException {
        return new FilePeerIdentities(file);
    }

    /** Remembers for as long as the process lives. */
    static PeerIdentities inMemory() {
        Map<String, UUID> seen = new ConcurrentHashMap<>();
        return (name, incarnation) -> {
            UUID before = seen.putIfAbsent(name, incarnation);
            return before == null ? incarnation : before;
        };
    }
}
