package io.synod.engine.operations;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;

/**
 * The members of a database compared at one index of its log.
 *
 * @param index where they were compared
 * @param objects how many tables, sequences and catalogue parts were compared
 * @param differences one line each; empty when all are equal
 */
record Verification(long index, int members, int objects, List<String> differences) {

    /** @throws SQLException when a member does not answer, since then nothing can be said of the whole */
    static Verification run(ConnectionOptions database) throws SQLException {
        ClusterStatus status;
        long index;
        try (Connection connection = database.connect();
                Statement statement = connection.createStatement()) {
            status = ClusterStatus.read(connection);
            try (ResultSet rows = statement.executeQuery("CALL SYNOD.DIGEST_START()")) {
                rows.next();
                index = rows.getLong(1);
            }
        }
        Map<String, Map<String, String>> digests = new LinkedHashMap<>();
        for (MemberStatus member : status.withCopies()) {
            // Each asked at its own address, whatever the URL says: the digest is of what that node holds. A single
            // node
            // may have none, and is the one that the URL leads to.
            ConnectionOptions at =
                    status.members().size() == 1 ? database : database.at(member.address(), status.database());
            digests.put(member.name(), digests(at, member, index));
        }
        return compare(index, digests);
    }

    private static Map<String, String> digests(ConnectionOptions at, MemberStatus member, long index)
            throws SQLException {
        try (Connection connection = at.connect();
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("CALL SYNOD.DIGEST(" + index + ")")) {
            Map<String, String> digests = new LinkedHashMap<>();
            while (rows.next()) {
                String name = rows.getString("NAME");
                String kind = rows.getString("KIND").toLowerCase(Locale.ROOT);
                digests.put(name.isEmpty() ? kind : kind + " " + name, rows.getString("CHECKSUM"));
            }
            return digests;
        } catch (SQLException e) {
            throw new SQLException(
                    "member " + member.name() + " at " + member.address() + " could not be compared: " + e.getMessage(),
                    e.getSQLState(),
                    e);
        }
    }

    /** @param digests by member, then by object */
    static Verification compare(long index, Map<String, Map<String, String>> digests) {
        TreeSet<String> objects = new TreeSet<>();
        digests.values().forEach(of -> objects.addAll(of.keySet()));
        List<String> differences = new ArrayList<>();
        for (String object : objects) {
            Map<String, List<String>> membersByDigest = new LinkedHashMap<>();
            digests.forEach((member, of) -> membersByDigest
                    .computeIfAbsent(of.getOrDefault(object, "not there"), digest -> new ArrayList<>())
                    .add(member));
            if (membersByDigest.size() > 1) {
                StringBuilder line = new StringBuilder(object).append(" differs:");
                membersByDigest.forEach((digest, members) -> line.append(
                                line.charAt(line.length() - 1) == ':' ? " " : "; ")
                        .append(String.join(", ", members))
                        .append(" has ")
                        .append(digest));
                differences.add(line.toString());
            }
        }
        return new Verification(index, digests.size(), objects.size(), List.copyOf(differences));
    }

    boolean equal() {
        return differences.isEmpty() && members > 0 && objects > 0;
    }

    String summary() {
        String where = members + " members at index " + index + " of the log, " + objects + " objects each";
        return equal() ? "equal: " + where : differences.size() + " differences: " + where;
    }
}
