package io.synod.engine.operations;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** URLs of one member, made from the URL of the whole cluster. */
final class MemberUrl {
    private static final Pattern REMOTE = Pattern.compile("(?i)jdbc:synod://[^/]+/[^;]+(;.*)?");

    /** What comes before a database's name, the name, and settings. */
    private static final Pattern NAMED = Pattern.compile("([^;]*[/:\\\\])([^/:;\\\\]+)(;.*)?");

    private static final Pattern TARGET = Pattern.compile("(?i);TARGET=[^;]*");

    private MemberUrl() {}

    /** The same with little patience: a member that is gone must not be waited for, since another one can be asked. */
    static String impatient(String url, String address, String database) {
        String member = of(url, address, database);
        return member.toUpperCase(Locale.ROOT).contains(";FAILOVER_TIMEOUT=")
                ? member
                : member + ";FAILOVER_TIMEOUT=0;CONNECT_TIMEOUT=500";
    }

    /**
     * It stays on the member: by default a remote session moves to the leader.
     *
     * @param url of the cluster; if it is remote, its other settings are kept
     * @param address {@code host:port} of the member, where peers or clients reach it
     */
    static String of(String url, String address, String database) {
        Matcher matcher = REMOTE.matcher(url);
        String settings = matcher.matches() && matcher.group(1) != null ? matcher.group(1) : "";
        return "jdbc:synod://" + address + "/" + database
                + TARGET.matcher(settings).replaceAll("") + ";TARGET=ANY";
    }

    /** The URL of another database beside this one: in the same directory, or on the same nodes. */
    static String sibling(String url, String database) {
        Matcher matcher = NAMED.matcher(url);
        if (!matcher.matches()) {
            throw new IllegalArgumentException(url + " names no database");
        }
        return matcher.group(1) + database + (matcher.group(3) == null ? "" : matcher.group(3));
    }

    /** The same with reads that a node answers without the others, unless it says how they are to be. */
    static String local(String url) {
        return url.toUpperCase(Locale.ROOT).contains(";READ=") ? url : url + ";READ=LOCAL";
    }
}
