package io.synod.engine.server;

import io.synod.engine.session.SynodSession;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.h2.engine.GeneratedKeysMode;
import org.h2.value.Transfer;
import org.h2.value.Value;
import org.h2.value.ValueLob;
import org.h2.value.lob.LobDataDatabase;

/**
 * Reads what a client sends along with a request. Lengths and counts are believed only as far as what follows bears them out. Used by its
 * connection's thread.
 */
final class Arguments {
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
    private final ValueReader values;

    Arguments(Transfer transfer, SynodSession session) {
        this.transfer = transfer;
        this.session = session;
        this.values = new ValueReader(transfer, session);
    }

    /** As many as the client says. */
    Value[] values() throws IOException {
        int count = count();
        List<Value> all = new ArrayList<>();
        while (all.size() < count) {
            all.add(value());
        }
        return all.toArray(new Value[0]);
    }

    private Value value() throws IOException {
        Value value;
        try {
            value = values.value();
        } catch (RuntimeException | StackOverflowError | OutOfMemoryError e) {
            throw new UnreadableException(e);
        }
        // Its content is in this node's store by now, and goes from there when it is not used in time.
        return value instanceof ValueLob lob && lob.getLobData() instanceof LobDataDatabase
                ? session.addTemporaryLob(lob)
                : value;
    }

    int count() throws IOException {
        return values.count("of what is to follow");
    }

    /** May be {@code null}. */
    String text() throws IOException {
        return values.text();
    }

    byte[] mac() throws IOException {
        int length = transfer.readInt();
        if (length < 0 || length > MAC_MAX) {
            throw ValueReader.unexpected("a signature of " + length + " bytes");
        }
        byte[] bytes = new byte[length];
        transfer.readBytes(bytes, 0, length);
        return bytes;
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
