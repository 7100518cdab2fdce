package io.synod.engine.server;

import io.synod.engine.session.SynodSession;
import java.io.IOException;
import org.h2.engine.GeneratedKeysMode;
import org.h2.value.Transfer;
import org.h2.value.Value;
import org.h2.value.ValueLob;
import org.h2.value.lob.LobDataDatabase;

/** Reads what a client sends along with a request. Used by its connection's thread. */
final class Arguments {
    private final Transfer transfer;
    private final SynodSession session;

    Arguments(Transfer transfer, SynodSession session) {
        this.transfer = transfer;
        this.session = session;
    }

    /** As many as the client says. */
    Value[] values() throws IOException {
        Value[] values = new Value[transfer.readInt()];
        for (int i = 0; i < values.length; i++) {
            Value value = transfer.readValue(null);
            // Its content is in this node's store by now, and goes from there when it is not used in time.
            values[i] = value instanceof ValueLob lob && lob.getLobData() instanceof LobDataDatabase
                    ? session.addTemporaryLob(lob)
                    : value;
        }
        return values;
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
                int[] numbers = new int[transfer.readInt()];
                for (int i = 0; i < numbers.length; i++) {
                    numbers[i] = transfer.readInt();
                }
                return numbers;
            case GeneratedKeysMode.COLUMN_NAMES:
                String[] names = new String[transfer.readInt()];
                for (int i = 0; i < names.length; i++) {
                    names[i] = transfer.readString();
                }
                return names;
            default:
                throw new IOException("unknown mode of generated keys " + mode);
        }
    }
}
