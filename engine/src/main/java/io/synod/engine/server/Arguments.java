package io.synod.engine.server;

import io.synod.engine.session.SynodSession;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.h2.api.ErrorCode;
import org.h2.engine.GeneratedKeysMode;
import org.h2.message.DbException;
import org.h2.value.Transfer;
import org.h2.value.Value;
import org.h2.value.ValueLob;
import org.h2.value.lob.LobDataDatabase;

/**
 * Reads what a client sends along with a request. Lengths and counts are believed only as far as what follows bears them out, but
 * for those inside of values, which H2 reads. Used by its connection's thread.
 */
final class Arguments {
    private static final int PIECE_CHARS = 4096;

    /** Of a large object's signature. */
    private static final int MAC_MAX = 1024;

    /** A request of which not all could be read: where the next one begins is not known. */
    static final class UnreadableException extends IOException {
        private static final long serialVersionUID = 1;

        UnreadableException(Throwable cause) {
            super("a request cannot be read: " + cause, cause);
        }
    }

    private final Transfer transfer;
    private final SynodSession session;

    Arguments(Transfer transfer, SynodSession session) {
        this.transfer = transfer;
        this.session = session;
    }

    /** As many as the client says. */
    Value[] values() throws IOException {
        int count = count();
        List<Value> values = new ArrayList<>();
        while (values.size() < count) {
            values.add(value());
        }
        return values.toArray(new Value[0]);
    }

    private Value value() throws IOException {
        Value value;
        try {
            value = transfer.readValue(null);
        } catch (RuntimeException | StackOverflowError | OutOfMemoryError e) {
            throw new UnreadableException(e);
        }
        // Its content is in this node's store by now, and goes from there when it is not used in time.
        return value instanceof ValueLob lob && lob.getLobData() instanceof LobDataDatabase
                ? session.addTemporaryLob(lob)
                : value;
    }

    int count() throws IOException {
        int count = transfer.readInt();
        if (count < 0) {
            throw unexpected("a count of " + count);
        }
        return count;
    }

    /** May be {@code null}. */
    String text() throws IOException {
        int length = transfer.readInt();
        if (length == -1) {
            return null;
        }
        if (length < 0) {
            throw unexpected("a text of " + length + " characters");
        }
        byte[] bytes = new byte[2 * Math.min(length, PIECE_CHARS)];
        StringBuilder text = new StringBuilder(bytes.length / 2);
        while (text.length() < length) {
            int chars = Math.min(length - text.length(), PIECE_CHARS);
            transfer.readBytes(bytes, 0, 2 * chars);
            for (int i = 0; i < chars; i++) {
                text.append((char) (bytes[2 * i] << 8 | bytes[2 * i + 1] & 0xFF));
            }
        }
        return text.toString();
    }

    byte[] mac() throws IOException {
        int length = transfer.readInt();
        if (length < 0 || length > MAC_MAX) {
            throw unexpected("a signature of " + length + " bytes");
        }
        byte[] bytes = new byte[length];
        transfer.readBytes(bytes, 0, length);
        return bytes;
    }

    private static UnreadableException unexpected(String what) {
        return new UnreadableException(DbException.get(ErrorCode.CONNECTION_BROKEN_1, what));
    }

    /** Which generated keys the client wants, as H2's commands take it; {@code Boolean.FALSE} for none. */
    Object generatedKeys() throws IOException {
        int mode = transfer.readInt();
        switch (mode) {
            case GeneratedKeysMode.NONE:
                return Boolean.FALSE;
            case GeneratedKeysMode.AUTO:
                return Boolean.TRUE;
            case GeneratedKeysMode.COLUMN_NUMBERS:
                List<Integer> numbers = new ArrayList<>();
                for (int left = count(); left > 0; left--) {
                    numbers.add(transfer.readInt());
                }
                return numbers.stream().mapToInt(n -> n).toArray();
            case GeneratedKeysMode.COLUMN_NAMES:
                List<String> names = new ArrayList<>();
                for (int left = count(); left > 0; left--) {
                    names.add(text());
                }
                return names.toArray(new String[0]);
            default:
                throw new IOException("unknown mode of generated keys " + mode);
        }
    }
}
