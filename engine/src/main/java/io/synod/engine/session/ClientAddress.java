package io.synod.engine.session;

import io.synod.replica.ReplicatedLog;
import java.util.Set;

/** Where SQL clients reach a member. */
final class ClientAddress {
    private static final Set<String> WILDCARDS = Set.of("", "0.0.0.0", "[::]");

    private ClientAddress() {}

    /**
     * @param peerAddress where the other nodes reach it: SQL is served there as well, and an address on which it listens on
     *     every interface takes its host from there
     */
    static String of(ReplicatedLog log, String member, String peerAddress) {
        String said = log.clientAddress(member);
        int colon = said.lastIndexOf(':');
        if (colon < 0) {
            return peerAddress;
        }
        int peerColon = peerAddress.lastIndexOf(':');
        return WILDCARDS.contains(said.substring(0, colon)) && peerColon > 0
                ? peerAddress.substring(0, peerColon) + said.substring(colon)
                : said;
    }
}
