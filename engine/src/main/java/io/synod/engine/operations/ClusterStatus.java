package io.synod.engine.operations;

import com.fasterxml.jackson.jr.ob.JSON;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * What {@code CALL SYNOD.STATUS()} says of the members of a database.
 *
 * @param answeredBy the node whose knowledge this is
 */
record ClusterStatus(String database, String answeredBy, List<MemberStatus> members) {
    static final ClusterStatus UNKNOWN = new ClusterStatus("", "", List.of());

    private static final String[] TITLES = {
        "member",
        "role",
        "epoch",
        "durable",
        "committed",
        "applied",
        "behind",
        "behind ms",
        "lease ms",
        "log bytes",
        "address"
    };

    static ClusterStatus read(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("CALL SYNOD.STATUS()")) {
            List<MemberStatus> members = new ArrayList<>();
            String database = "";
            String answeredBy = "";
            while (rows.next()) {
                database = rows.getString("DATABASE_NAME");
                answeredBy = rows.getString("THIS_NODE");
                members.add(new MemberStatus(
                        rows.getString("NODE"),
                        rows.getString("ROLE"),
                        rows.getString("EPOCH"),
                        rows.getLong("DURABLE_INDEX"),
                        rows.getLong("COMMIT_INDEX"),
                        rows.getLong("APPLIED_INDEX"),
                        rows.getLong("LAG_ENTRIES"),
                        rows.getLong("LAG_MILLIS"),
                        rows.getLong("LEASE_LEFT_MILLIS"),
                        rows.getLong("LOG_BYTES"),
                        rows.getString("ADDRESS"),
                        rows.getBoolean("REACHABLE")));
            }
            return new ClusterStatus(database, answeredBy, List.copyOf(members));
        }
    }

    /** Those that serve the database. */
    List<MemberStatus> withCopies() {
        return members.stream().filter(member -> !member.isWitness()).toList();
    }

    Optional<MemberStatus> leader() {
        return members.stream().filter(MemberStatus::leads).findFirst();
    }

    /** The furthest that a reachable member is behind, in entries of the log. */
    long lagEntries() {
        return members.stream()
                .filter(MemberStatus::reachable)
                .mapToLong(MemberStatus::lagEntries)
                .max()
                .orElse(0);
    }

    /** Whether every member answers and has applied all that is committed, but for so many entries. */
    boolean allCaughtUp(long entries) {
        long committed =
                members.stream().mapToLong(MemberStatus::commitIndex).max().orElse(-1);
        return !members.isEmpty()
                && leader().isPresent()
                && members.stream()
                        .allMatch(member -> member.reachable() && member.appliedIndex() >= committed - entries);
    }

    String json() {
        List<Map<String, Object>> list = new ArrayList<>();
        for (MemberStatus member : members) {
            Map<String, Object> fields = new LinkedHashMap<>();
            fields.put("name", member.name());
            fields.put("role", member.role().toLowerCase(Locale.ROOT));
            fields.put("epoch", member.epoch());
            fields.put("durableIndex", orNull(member.durableIndex()));
            fields.put("commitIndex", orNull(member.commitIndex()));
            fields.put("appliedIndex", orNull(member.appliedIndex()));
            fields.put("lagEntries", orNull(member.lagEntries()));
            fields.put("lagMillis", orNull(member.lagMillis()));
            fields.put("leaseLeftMillis", member.leaseLeftMillis());
            fields.put("logBytes", orNull(member.logBytes()));
            fields.put("address", member.address());
            fields.put("reachable", member.reachable());
            list.add(fields);
        }
        Map<String, Object> whole = new LinkedHashMap<>();
        whole.put("database", database);
        whole.put("answeredBy", answeredBy);
        whole.put("members", list);
        try {
            return JSON.std
                    .with(JSON.Feature.WRITE_NULL_PROPERTIES)
                    .with(JSON.Feature.PRETTY_PRINT_OUTPUT)
                    .asString(whole);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Below zero stands for "not known here". */
    private static Long orNull(long value) {
        return value < 0 ? null : value;
    }

    private static String known(long value) {
        return value < 0 ? "-" : Long.toString(value);
    }

    String table() {
        List<String[]> rows = new ArrayList<>();
        rows.add(TITLES);
        for (MemberStatus member : members) {
            rows.add(new String[] {
                member.name(),
                member.reachable() ? member.role().toLowerCase(Locale.ROOT) : "unreachable",
                member.epoch(),
                known(member.durableIndex()),
                known(member.commitIndex()),
                known(member.appliedIndex()),
                known(member.lagEntries()),
                known(member.lagMillis()),
                member.leaseLeftMillis() <= 0 ? "-" : Long.toString(member.leaseLeftMillis()),
                known(member.logBytes()),
                member.address()
            });
        }
        return TextTable.of(rows);
    }
}
