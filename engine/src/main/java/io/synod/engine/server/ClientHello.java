package io.synod.engine.server;

import io.synod.jdbc.LeaderQuestion;
import java.io.DataInputStream;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.h2.engine.Constants;
import org.h2.engine.SessionRemote;

/**
 * What a client says first. Read with bounds of our own, because whoever sends it is not known yet: H2's reader would believe
 * any length.
 */
sealed interface ClientHello {
    /** Largest text, and largest number of settings, in a hello. */
    int TEXT_MAX = 16 * 1024;

    int SETTINGS_MAX = 256;

    /** Opens a session. Hashes may be {@code null}. */
    record Open(
            int version,
            String database,
            String user,
            byte[] passwordHash,
            byte[] filePasswordHash,
            Map<String, String> settings)
            implements ClientHello {}

    /** Stops a statement of another connection. */
    record Cancel(String session, int statement) implements ClientHello {}

    /**
     * Asks whether this is the server of some database file, which is never so here; or, as Synod's driver, {@link LeaderQuestion}.
     *
     * @param key may be {@code null}
     */
    record CheckKey(String key) implements ClientHello {}

    /** Speaks the protocol, but no version that we know. */
    record WrongVersion(int min, int max) implements ClientHello {}

    /** What came is not this protocol; the message says why. */
    final class GarbageException extends IOException {
        GarbageException(String why) {
            super(why);
        }
    }

    /** @throws GarbageException when this is no client of ours */
    static ClientHello read(DataInputStream in) throws IOException {
        int min = in.readInt();
        if (min < 1 || min > 1000) {
            throw new GarbageException(
                    "the first bytes are " + String.format("%08x", min) + ", no version of the protocol");
        }
        int max = in.readInt();
        if (max < min || max > 1000) {
            throw new GarbageException("versions " + min + " to " + max + " make no sense");
        }
        if (max < Constants.TCP_PROTOCOL_VERSION_MIN_SUPPORTED || min > Constants.TCP_PROTOCOL_VERSION_MAX_SUPPORTED) {
            return new WrongVersion(min, max);
        }
        String database = text(in);
        String url = text(in);
        if (database == null && url == null) {
            return other(in);
        }
        if (database == null) {
            throw new GarbageException("it names no database");
        }
        String user = text(in);
        byte[] passwordHash = bytes(in);
        byte[] filePasswordHash = bytes(in);
        int count = in.readInt();
        if (count < 0 || count > SETTINGS_MAX) {
            throw new GarbageException(count + " settings");
        }
        Map<String, String> settings = new LinkedHashMap<>();
        for (int i = 0; i < count; i++) {
            String key = text(in);
            String value = text(in);
            if (key == null || value == null) {
                throw new GarbageException("a setting without name or value");
            }
            settings.put(key.toUpperCase(Locale.ROOT), value);
        }
        return new Open(
                Math.min(max, Constants.TCP_PROTOCOL_VERSION_MAX_SUPPORTED),
                database,
                user == null ? "" : user,
                passwordHash,
                filePasswordHash,
                settings);
    }

    private static ClientHello other(DataInputStream in) throws IOException {
        String session = text(in);
        int command = in.readInt();
        if (command == SessionRemote.SESSION_CANCEL_STATEMENT) {
            return new Cancel(session, in.readInt());
        }
        if (command == SessionRemote.SESSION_CHECK_KEY) {
            return new CheckKey(session);
        }
        throw new GarbageException("command " + command + " without a database");
    }

    private static String text(DataInputStream in) throws IOException {
        int length = in.readInt();
        if (length == -1) {
            return null;
        }
        if (length < 0 || length > TEXT_MAX) {
            throw new GarbageException("a text of " + length + " characters");
        }
        StringBuilder text = new StringBuilder(length);
        for (int i = 0; i < length; i++) {
            text.append(in.readChar());
        }
        return text.toString();
    }

    private static byte[] bytes(DataInputStream in) throws IOException {
        int length = in.readInt();
        if (length == -1) {
            return null;
        }
        if (length < 0 || length > TEXT_MAX) {
            throw new GarbageException(length + " bytes");
        }
        return in.readNBytes(length);
    }
}
