package io.synod.engine.operations;

import java.sql.SQLException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** URLs of one member, made from the URL of the whole cluster. */
final class MemberUrl {
    private static final Pattern REMOTE = Pattern.compile("(?i)(jdbc:synod://)[^/]+(/[^;]+)(;.*)?");

    private MemberUrl() {}

    /** The same database and settings at one address, so that it is that member that answers. */
    static String of(String clusterUrl, String address) throws SQLException {
        Matcher matcher = REMOTE.matcher(clusterUrl);
        if (!matcher.matches()) {
            throw new SQLException(
                    "\"" + clusterUrl + "\" names no members; expected jdbc:synod://host:port[,host:port …]/database",
                    "90046");
        }
        String settings = matcher.group(3) == null ? "" : matcher.group(3);
        return matcher.group(1) + address + matcher.group(2) + settings;
    }
}
