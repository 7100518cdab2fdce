package io.synod.engine.operations;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** URLs of one member, made from the URL of the whole cluster. */
final class MemberUrl {
    private static final Pattern REMOTE = Pattern.compile("(?i)jdbc:synod://[^/]+/[^;]+(;.*)?");

    private MemberUrl() {}

    /** The same with little patience: a member that is gone must not be waited for, since another one can be asked. */
    static String impatient(String url, String address, String database) {
        String member = of(url, address, database);
        return member.toUpperCase(Locale.ROOT).contains(";FAILOVER_TIMEOUT=")
                ? member
                : member + ";FAILOVER_TIMEOUT=0;CONNECT_TIMEOUT=500";
    }

    /**
     * @param url of the cluster; if it is remote, its settings are kept
     * @param address {@code host:port} of the member, where peers or clients reach it
     */
    static String of(String url, String address, String database) {
        Matcher matcher = REMOTE.matcher(url);
        String settings = matcher.matches() && matcher.group(1) != null ? matcher.group(1) : "";
        return "jdbc:synod://" + address + "/" + database + settings;
    }
}
