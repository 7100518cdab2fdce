package io.synod.transport;

import io.synod.group.Member;
import java.util.UUID;

/** One peer and the two lanes to it, where they stand. */
final class Peer {
    /** Another one only where it says with which directory the same node votes by now. */
    volatile Member member;
    /** Whether it came while this node ran: its own list of members need not be this node's. */
    final boolean added;

    /** Where it is as well, by the log of a group, where this node was started with another address of it; or {@code null}. */
    private volatile String loggedAddress;

    private volatile boolean removed;

    /** These change under this peer's monitor. */
    private volatile Lane data;

    private volatile Lane control;

    private volatile long connections;

    private volatile String clientAddress = "";

    Peer(Member member, boolean added) {
        this.member = member;
        this.added = added;
    }

    /**
     * Where to look for it. Either address may be the older one, since a node moves by an entry of the log or by another PEERS; who is
     * there says the handshake.
     *
     * @param attempt counted from 0
     */
    String address(int attempt) {
        String logged = loggedAddress;
        return logged == null || attempt % 2 == 1 ? member.address() : logged;
    }

    void isAlsoAt(String address) {
        // A leader of an earlier release may have written down that it listens everywhere.
        boolean elsewhere = !address.equals(member.address()) && !SocketTransport.isWildcard(address);
        loggedAddress = elsewhere ? address : null;
    }

    /**
     * Which directory it has, by the log of a group: a connection to another one ends, and is not made again. Where none is named, the first
     * one that was met is it.
     */
    void is(UUID directory) {
        Member before = member;
        if (before.incarnation().equals(directory)) {
            return;
        }
        member = new Member(before.slot(), before.name(), directory, before.role(), before.address());
        closeOthers(data);
        closeOthers(control);
    }

    private void closeOthers(Lane lane) {
        UUID named = member.incarnation();
        if (lane != null && !named.equals(Member.UNSEEN) && !named.equals(lane.directory())) {
            lane.close();
        }
    }

    /** It is no peer any more. */
    void remove() {
        removed = true;
        close();
    }

    boolean isRemoved() {
        return removed;
    }

    Lane lane(Hello.Kind kind) {
        return kind == Hello.Kind.DATA ? data : control;
    }

    /** Where its clients reach it, as it said; empty where it has not, or has no such place. */
    String clientAddress() {
        return clientAddress;
    }

    void clientAddress(String address) {
        clientAddress = address;
    }

    boolean connected() {
        return data != null && control != null;
    }

    /** How often it has been, since it is a peer. */
    long connections() {
        return connections;
    }

    /** Takes a new lane into use; an older one, of which the peer no longer knows, is closed. */
    void attach(Hello.Kind kind, Lane lane) {
        Lane before;
        synchronized (this) {
            before = lane(kind);
            boolean stood = connected();
            set(kind, lane);
            if (!stood && connected()) {
                connections++;
            }
        }
        if (before != null) {
            before.close();
        }
        // Set, then look, as who changes these does: one of the two closes it.
        if (removed) {
            lane.close();
        }
        closeOthers(lane);
    }

    /** The lane's connection is gone. The other one is closed with it: both or none, so that the peer is up or down. */
    void detach(Hello.Kind kind, Lane lane) {
        Lane other = null;
        synchronized (this) {
            if (lane(kind) == lane) {
                set(kind, null);
                other = lane(kind == Hello.Kind.DATA ? Hello.Kind.CONTROL : Hello.Kind.DATA);
            }
        }
        lane.close();
        if (other != null) {
            other.close();
        }
    }

    void close() {
        Lane first;
        Lane second;
        synchronized (this) {
            first = data;
            second = control;
        }
        if (first != null) {
            first.close();
        }
        if (second != null) {
            second.close();
        }
    }

    void closeIfStalled() {
        Lane first = data;
        if (first != null) {
            first.closeIfStalled();
        }
        Lane second = control;
        if (second != null) {
            second.closeIfStalled();
        }
    }

    private void set(Hello.Kind kind, Lane lane) {
        if (kind == Hello.Kind.DATA) {
            data = lane;
        } else {
            control = lane;
        }
    }
}
