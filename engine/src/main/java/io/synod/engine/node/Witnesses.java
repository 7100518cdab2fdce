package io.synod.engine.node;

import io.synod.engine.database.Errors;
import io.synod.engine.database.HostedDatabase;
import io.synod.group.Member;
import io.synod.log.EntryLog;
import io.synod.replica.ReplicaNode;
import io.synod.replica.ReplicatedLog;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** The databases that a node is a witness of, by lower-case name; empty on other nodes. Thread-safe. */
final class Witnesses {
    private final NodeConfig config;
    private final NodePlace place;
    private final EntryLog log;
    private final ReplicaNode replicas;
    private final Witness.Listener listener;
    private final Map<String, Witness> open = new ConcurrentHashMap<>();

    Witnesses(NodeConfig config, NodePlace place, EntryLog log, ReplicaNode replicas, Witness.Listener listener) {
        this.config = config;
        this.place = place;
        this.log = log;
        this.replicas = replicas;
        this.listener = listener;
    }

    /** @throws SQLException 90031 its part of the log cannot be used */
    synchronized ReplicatedLog open(String database) throws SQLException {
        Witness there = open.get(database);
        if (there != null) {
            return there.log();
        }
        long group = HostedDatabase.groupId(database);
        long base = log.recovered(group).base().index();
        Witness witness = new Witness(database, config.name(), place.slot(), base, listener);
        try {
            witness.attach(
                    replicas.openGroup(group, place.bootstrap(), place.slot(), config.priority(), witness, witness));
        } catch (RuntimeException e) {
            throw Errors.cannotOpen(database, e);
        }
        open.put(database, witness);
        return witness.log();
    }

    Map<String, ReplicatedLog> logs() {
        Map<String, ReplicatedLog> logs = new HashMap<>();
        open.forEach((name, witness) -> logs.put(name, witness.log()));
        return logs;
    }

    /** {@code HOST:PORT} of the voters with a copy, as far as is known here; before that of the nodes of PEERS. */
    List<String> endpoints(String database) {
        Witness witness = open.get(database);
        boolean known = witness != null && !witness.log().members().all().isEmpty();
        return (known ? witness.log().members().all() : config.peers())
                .stream()
                        .filter(member -> member.role() == Member.Role.VOTER
                                && !member.name().equals(config.name()))
                        .map(Member::address)
                        .toList();
    }
}
