package io.synod.engine.operations;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** URLs of one member, made from the URL of the whole cluster. */
final class MemberUrl {
    private static final Pattern REMOTE = Pattern.compile("(?i)jdbc:synod://[^/]+/[^;]+(;.*)?");

    private MemberUrl() {}

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
