package io.synod.engine.node;

import io.synod.engine.database.Errors;
import io.synod.group.Member;
import io.synod.group.Members;
import io.synod.jdbc.SynodUrl;
import io.synod.replica.LogLimits;
import io.synod.transport.SocketTransport;
import java.net.InetAddress;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * What a node is started with.
 *
 * @param name one in its cluster
 * @param directory that holds everything of it; {@code null} for a node in memory
 * @param listen {@code host:port} for the other nodes; {@code null} where there are none
 * @param sql {@code host:port} for SQL clients; {@code null} for none
 * @param cluster nodes of different clusters refuse each other
 * @param members this node and those of PEERS, with slots by sorted names; a directory keeps those that it began with ({@link NodePlace})
 * @param joins whether the node was added to a cluster that runs, should its directory be new
 * @param witness whether it was added as a witness: it keeps the log of its databases, and no copy of them
 * @param replaces whether a node that has lost its directory may take its own place again, this one or another
 * @param priority the greater is preferred as leader
 * @param electionTimeoutMillis silence of a leader after which another is looked for, at least
 * @param timeoutMillis how long a client waits for a leader or a majority
 * @param base the node whose H2 file a new group begins with; {@code null} for one that begins empty
 * @param outsideChanges what to do with a file that was written to outside of its log; {@code null} to refuse it
 * @param connectionsMax sessions of clients over the network at a time, beside those of a few administrators
 * @param warmsUp whether the process may execute statements of its own once the node has a leader
 * @param logLimits what is kept and spent for members that are behind
 * @param reclaimPercent a file of which less is current is compacted; 0 for never
 * @param scrubHours so often all files are looked at for damage; 0 for never
 */
record NodeConfig(
        String name,
        Path directory,
        String listen,
        String sql,
        String cluster,
        Members members,
        boolean joins,
        boolean witness,
        boolean replaces,
        int priority,
        int electionTimeoutMillis,
        long timeoutMillis,
        String base,
        String outsideChanges,
        int reclaimPercent,
        int scrubHours,
        int connectionsMax,
        boolean warmsUp,
        LogLimits logLimits) {
    static final String ADOPT = "ADOPT";
    static final String DISCARD = "DISCARD";

    private static final String DEFAULT_CLUSTER = "synod";
    private static final String DEFAULT_NAME = "a";

    /** @throws SQLException 90113 for settings that do not go together */
    static NodeConfig of(SynodUrl url) throws SQLException {
        String name = orDefault(url.settings().get("NODE"), DEFAULT_NAME);
        String listen = url.settings().get("LISTEN");
        String peers = url.settings().get("PEERS");
        boolean file = url.kind() == SynodUrl.Kind.FILE;
        if (peers != null && !file) {
            throw Errors.badSetting(
                    "PEERS",
                    peers,
                    "a jdbc:synod:file: URL: a member that forgets what it promised cannot be one of several");
        }
        if (peers != null && listen == null) {
            throw Errors.badSetting("LISTEN", "", "HOST:PORT, where the nodes of PEERS reach this one");
        }
        if (peers != null && SocketTransport.isWildcard(listen)) {
            throw Errors.badSetting(
                    "LISTEN",
                    listen,
                    "one address of this machine, at which the nodes of PEERS reach it: it is told to others");
        }
        if (peers != null && url.settings().get("NODE") == null) {
            throw Errors.badSetting("NODE", "", "the name under which the other nodes have this one in their PEERS");
        }
        String join = url.settings().getOrDefault("JOIN", "FALSE").toUpperCase(Locale.ROOT);
        boolean joins = !join.equals("FALSE");
        if (joins && peers == null) {
            throw Errors.badSetting("JOIN", join, "PEERS beside it: nodes of the cluster that this one was added to");
        }
        String base = url.settings().get("BASE");
        String outsideChanges = url.settings().get("OUTSIDE_CHANGES");
        if (url.h2Settings().containsKey("CIPHER")) {
            throw Errors.badSetting(
                    "CIPHER",
                    url.h2Settings().get("CIPHER"),
                    "none, since the log would hold the rows in the clear: encrypt the disk instead");
        }
        Members members = members(name, listen == null ? "local" : listen, peers);
        if (base != null && members.byName(base) == null) {
            throw Errors.badSetting(
                    "BASE",
                    base,
                    "one of "
                            + String.join(
                                    ", ",
                                    members.all().stream().map(Member::name).toList()));
        }
        return new NodeConfig(
                name,
                file ? Path.of(url.path()).toAbsolutePath().normalize() : null,
                listen,
                url.settings().get("SQL"),
                orDefault(url.settings().get("CLUSTER"), DEFAULT_CLUSTER),
                members,
                joins,
                join.equals("WITNESS"),
                !"MANUAL".equalsIgnoreCase(url.settings().get("REPLACE")),
                url.intSetting("PRIORITY"),
                url.intSetting("ELECTION_TIMEOUT"),
                url.intSetting("FAILOVER_TIMEOUT"),
                base,
                outsideChanges == null ? null : outsideChanges.toUpperCase(Locale.ROOT),
                url.intSetting("RECLAIM"),
                url.intSetting("SCRUB"),
                url.intSetting("MAX_CONNECTIONS"),
                Boolean.parseBoolean(url.setting("WARM_UP")),
                new LogLimits((long) url.intSetting("LOG_LIMIT") << 20, (long) url.intSetting("SNAPSHOT_RATE") << 20));
    }

    private static String orDefault(String value, String other) {
        return value == null ? other : value;
    }

    private static Members members(String self, String address, String peers) throws SQLException {
        TreeMap<String, String> addresses = new TreeMap<>();
        addresses.put(self, address);
        Set<String> used = new HashSet<>(Set.of(address));
        if (peers != null) {
            for (String peer : peers.split(",")) {
                int at = peer.indexOf('@');
                String name = peer.substring(0, at);
                String where = peer.substring(at + 1);
                if (SocketTransport.isWildcard(where)) {
                    throw Errors.badSetting("PEERS", peers, "the address at which others reach " + name);
                }
                if (addresses.put(name, where) != null || !used.add(where)) {
                    throw Errors.badSetting(
                            "PEERS", peers, "other nodes only, each name and address once; twice is " + peer);
                }
            }
        }
        List<Member> members = new ArrayList<>();
        addresses.forEach((name, where) ->
                members.add(new Member(members.size() + 1, name, Member.UNSEEN, Member.Role.VOTER, where)));
        return new Members(members);
    }

    /** Where clients reach this node, as the others are told; empty for nowhere, or for a port that is not known yet. */
    String clientAddress() {
        return sql == null || port(sql) == 0 ? "" : sql;
    }

    /** What SYNOD.SETTINGS shows. */
    Map<String, String> shown() {
        Map<String, String> shown = new HashMap<>();
        shown.put("NODE", name);
        shown.put("LISTEN", listen);
        shown.put("SQL", sql);
        shown.put(
                "PEERS",
                members.all().stream()
                        .filter(m -> !m.name().equals(name))
                        .map(m -> m.name() + "@" + m.address())
                        .collect(Collectors.joining(",")));
        shown.put("CLUSTER", cluster);
        shown.put("PRIORITY", String.valueOf(priority));
        shown.put("MAX_CONNECTIONS", String.valueOf(connectionsMax));
        shown.put("FAILOVER_TIMEOUT", String.valueOf(timeoutMillis));
        return shown;
    }

    /** Whether other nodes may be its peers, now or later: a member that forgets what it promised cannot be one of several. */
    boolean isReachable() {
        return listen != null && directory != null;
    }

    /** Whether others can be told where this node is. */
    boolean hasAddress() {
        return isReachable() && !SocketTransport.isWildcard(listen);
    }

    /** Whether others can have what this node has lost, and it may ask for that. */
    boolean comesBack() {
        return replaces && directory != null && members.all().size() > 1;
    }

    /** The nodes of PEERS. */
    List<Member> peers() {
        List<Member> peers = new ArrayList<>(members.all());
        peers.removeIf(member -> member.name().equals(name));
        return peers;
    }

    /** Nodes that others depend on, or that clients reach from outside, do not stop with the last connection in here. */
    boolean servesOthers() {
        return listen != null || sql != null;
    }

    /** {@code host} of {@code host:port}. */
    static String host(String address) {
        String host = address.substring(0, address.lastIndexOf(':'));
        if (host.startsWith("[")) {
            return host.substring(1, host.length() - 1);
        }
        return host.isEmpty() ? InetAddress.getLoopbackAddress().getHostAddress() : host;
    }

    static int port(String address) {
        return Integer.parseInt(address.substring(address.lastIndexOf(':') + 1));
    }
}
