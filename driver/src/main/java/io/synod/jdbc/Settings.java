package io.synod.jdbc;

import java.sql.SQLException;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.h2.command.dml.SetTypes;
import org.h2.engine.DbSettings;

/** All settings of a JDBC URL: Synod's own with type, default, unit and bounds, and the names of H2's, which pass through. */
public final class Settings {
    /** Who uses a setting. */
    public enum Scope {
        /** Whoever opens a connection, remote or not. */
        CONNECTION,
        /** The node in this process: not allowed in a remote URL. */
        NODE
    }

    /**
     * One setting of Synod.
     *
     * @param defaultValue {@code null} when there is none
     * @param expected what a value looks like, with unit and bounds, for messages and documentation
     * @param meaning one sentence
     */
    public record Setting(String key, Scope scope, String defaultValue, String expected, String meaning, Rule rule) {
        void check(String value) throws SQLException {
            rule.check(this, value);
        }
    }

    /** Checks a value. */
    @FunctionalInterface
    public interface Rule {
        /** @throws SQLException 90113 with value and expectation */
        void check(Setting setting, String value) throws SQLException;
    }

    private static final Map<String, Setting> OWN = new LinkedHashMap<>();

    /** H2's settings that are in no public list of H2. */
    private static final List<String> H2_UNLISTED = List.of(
            "ACCESS_MODE_DATA",
            "AUTHREALM",
            "AUTHZPWD",
            "AUTOCOMMIT",
            "AUTO_RECONNECT",
            "AUTO_SERVER",
            "AUTO_SERVER_PORT",
            "CACHE_TYPE",
            "CIPHER",
            "CREATE",
            "DB_CLOSE_ON_EXIT",
            "FILE_LOCK",
            "FORBID_CREATION",
            "IFEXISTS",
            "IGNORE_UNKNOWN_SETTINGS",
            "INIT",
            "JMX",
            "NETWORK_TIMEOUT",
            "NO_UPGRADE",
            "OLD_INFORMATION_SCHEMA",
            "OPEN_NEW",
            "PAGE_SIZE",
            "PASSWORD",
            "PASSWORD_HASH",
            "RECOVER",
            "RECOVER_TEST",
            "USER");

    private static final Set<String> H2 = new HashSet<>(H2_UNLISTED);

    static {
        name("NODE", Scope.NODE, "name of this node, one in its cluster");
        address("LISTEN", "address for the other nodes of the cluster");
        address("SQL", "address on which this node serves SQL");
        own("PEERS", Scope.NODE, null, "NAME@HOST:PORT[,NAME@HOST:PORT...]", "the other nodes", Settings::checkPeers);
        own(
                "JOIN",
                Scope.NODE,
                "FALSE",
                "TRUE, WITNESS or FALSE",
                "this node was added to a cluster that runs, as a learner or as a witness, and learns from PEERS who belongs to it;"
                        + " asked for once",
                Settings::checkJoin);
        own(
                "REPLACE",
                Scope.NODE,
                "AUTOMATIC",
                "AUTOMATIC or MANUAL",
                "whether a node that has lost its directory, or whose log is damaged, comes back as a new member by itself; the same on"
                        + " every node",
                Settings::checkReplace);
        name("CLUSTER", Scope.NODE, "name of the cluster; nodes of different clusters refuse each other");
        integer("PRIORITY", Scope.NODE, "1", 0, 1000, "", "greater is preferred as leader, 0 never leads by choice");
        name(
                "BASE",
                Scope.NODE,
                "the node whose H2 file, not made by Synod, a new group begins with; the same on every node");
        own(
                "OUTSIDE_CHANGES",
                Scope.NODE,
                null,
                "ADOPT or DISCARD",
                "what becomes of changes that were made to the database's file outside of its log",
                Settings::checkOutsideChanges);
        integer(
                "ELECTION_TIMEOUT",
                Scope.NODE,
                "400",
                100,
                60_000,
                " ms",
                "silence of the leader after which another node stands for election, and of a majority after which a leader steps down, at"
                        + " least");
        integer(
                "RECLAIM",
                Scope.NODE,
                "50",
                0,
                90,
                " percent",
                "the database's file is compacted when less of it is current; 0 for never");
        integer(
                "SCRUB",
                Scope.NODE,
                "24",
                0,
                8_760,
                " hours",
                "so often the node reads all its files slowly and looks for damage; 0 for never");
        integer(
                "LOG_LIMIT",
                Scope.NODE,
                "256",
                1,
                1_000_000,
                " MiB",
                "a log larger than this is not kept for members that are behind, they get a snapshot");
        integer(
                "SNAPSHOT_RATE",
                Scope.NODE,
                "64",
                0,
                100_000,
                " MiB per second",
                "how fast this node sends snapshots at most; 0 for no bound");
        integer(
                "MAX_CONNECTIONS",
                Scope.NODE,
                "2000",
                1,
                100_000,
                " connections",
                "clients that this node serves over the network at a time; three more may be administrators");
        own(
                "WARM_UP",
                Scope.NODE,
                "TRUE",
                "TRUE or FALSE",
                "whether the process executes statements of its own when a node of several has started, so that its first sessions as a"
                        + " leader are not slow",
                Settings::checkWarmUp);
        choice("READ", "LINEARIZABLE", List.of("LINEARIZABLE", "BOUNDED", "SESSION", "LOCAL"), "how recent a read is");
        integer(
                "MAX_STALENESS",
                Scope.CONNECTION,
                "1000",
                0,
                3_600_000,
                " ms",
                "how old a read at READ=BOUNDED may be");
        choice("COMMIT", "QUORUM", List.of("QUORUM", "ALL", "LOCAL"), "when a commit is answered");
        choice("TARGET", "LEADER", List.of("LEADER", "ANY"), "which node a remote session prefers");
        integer(
                "CONNECT_TIMEOUT",
                Scope.CONNECTION,
                "2000",
                1,
                3_600_000,
                " ms",
                "how long one attempt to connect to one node may take");
        integer(
                "FAILOVER_TIMEOUT",
                Scope.CONNECTION,
                "30000",
                0,
                3_600_000,
                " ms",
                "how long a session looks for a leader or a majority before it gives up");
        H2.addAll(SetTypes.getTypes());
        H2.addAll(DbSettings.DEFAULT.getSettings().keySet());
    }

    private Settings() {}

    /** @return Synod's own settings in the order of their documentation */
    public static Collection<Setting> own() {
        return List.copyOf(OWN.values());
    }

    static Setting own(String key) {
        return OWN.get(key);
    }

    static boolean isH2(String key) {
        return H2.contains(key);
    }

    static SQLException unknown(String key) {
        Set<String> known = new TreeSet<>(OWN.keySet());
        known.addAll(H2);
        String nearest = EditDistance.nearest(key, known);
        Setting own = OWN.get(nearest);
        return Errors.unknownSetting(
                key,
                nearest,
                own == null ? "a setting of H2" : own.key() + "=" + own.expected() + ": " + own.meaning());
    }

    private static void own(String key, Scope scope, String defaultValue, String expected, String meaning, Rule rule) {
        OWN.put(key, new Setting(key, scope, defaultValue, expected, meaning, rule));
    }

    private static void name(String key, Scope scope, String meaning) {
        own(key, scope, null, "1 to 64 letters, digits, '_', '-' or '.'", meaning, (s, value) -> {
            if (!value.matches("[A-Za-z0-9_.-]{1,64}")) {
                throw Errors.badValue(key, value, s.expected());
            }
        });
    }

    private static void address(String key, String meaning) {
        own(key, Scope.NODE, null, "HOST:PORT, an IPv6 address in brackets", meaning, (s, value) -> {
            if (!HostPort.isValid(value, 0)) {
                throw Errors.badValue(key, value, s.expected());
            }
        });
    }

    private static void choice(String key, String defaultValue, List<String> values, String meaning) {
        String expected = "one of " + String.join(", ", values);
        own(key, Scope.CONNECTION, defaultValue, expected, meaning, (s, value) -> {
            if (!values.contains(value.toUpperCase(Locale.ROOT))) {
                throw Errors.badValue(key, value, expected);
            }
        });
    }

    private static void integer(
            String key, Scope scope, String defaultValue, int min, int max, String unit, String meaning) {
        String expected = "a whole number from " + min + " to " + max + unit;
        own(key, scope, defaultValue, expected, meaning, (s, value) -> {
            if (!value.matches("[0-9]{1,9}") || Integer.parseInt(value) < min || Integer.parseInt(value) > max) {
                throw Errors.badValue(key, value, expected);
            }
        });
    }

    private static void checkOutsideChanges(Setting setting, String value) throws SQLException {
        if (!value.equalsIgnoreCase("ADOPT") && !value.equalsIgnoreCase("DISCARD")) {
            throw Errors.badValue(setting.key(), value, setting.expected());
        }
    }

    private static void checkReplace(Setting setting, String value) throws SQLException {
        if (!value.equalsIgnoreCase("AUTOMATIC") && !value.equalsIgnoreCase("MANUAL")) {
            throw Errors.badValue(setting.key(), value, setting.expected());
        }
    }

    private static void checkWarmUp(Setting setting, String value) throws SQLException {
        if (!value.equalsIgnoreCase("TRUE") && !value.equalsIgnoreCase("FALSE")) {
            throw Errors.badValue(setting.key(), value, setting.expected());
        }
    }

    private static void checkJoin(Setting setting, String value) throws SQLException {
        if (!List.of("TRUE", "WITNESS", "FALSE").contains(value.toUpperCase(Locale.ROOT))) {
            throw Errors.badValue(setting.key(), value, setting.expected());
        }
    }

    private static void checkPeers(Setting setting, String value) throws SQLException {
        for (String peer : value.split(",", -1)) {
            int at = peer.indexOf('@');
            if (at < 1
                    || !peer.substring(0, at).matches("[A-Za-z0-9_.-]{1,64}")
                    || !HostPort.isValid(peer.substring(at + 1), 1)) {
                throw Errors.badValue(setting.key(), value, setting.expected() + "; wrong is \"" + peer + "\"");
            }
        }
    }
}
