package io.synod.jdbc;

/** Reads {@code host:port}; an IPv6 address stands in brackets. */
final class HostPort {
    private HostPort() {}

    static boolean isValid(String text, int minPort) {
        int colon = text.lastIndexOf(':');
        if (colon < 1 || text.indexOf(' ') >= 0 || text.indexOf('/') >= 0 || text.indexOf(',') >= 0) {
            return false;
        }
        String host = text.substring(0, colon);
        boolean hostOk = host.startsWith("[")
                ? host.length() > 3 && host.endsWith("]") && host.indexOf(']') == host.length() - 1
                : host.indexOf(':') < 0 && host.indexOf(']') < 0;
        String port = text.substring(colon + 1);
        return hostOk
                && port.matches("[0-9]{1,5}")
                && Integer.parseInt(port) >= minPort
                && Integer.parseInt(port) <= 65535;
    }

    static String host(String text) {
        String host = text.substring(0, text.lastIndexOf(':'));
        return host.startsWith("[") ? host.substring(1, host.length() - 1) : host;
    }

    static int port(String text) {
        return Integer.parseInt(text.substring(text.lastIndexOf(':') + 1));
    }
}
