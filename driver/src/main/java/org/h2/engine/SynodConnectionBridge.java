package org.h2.engine;

import java.io.IOException;
import org.h2.value.Transfer;

/** Opens what a client says of its connection to other packages. Stateless. */
public final class SynodConnectionBridge {
    private SynodConnectionBridge() {}

    /** @return {@code null} where there is no such setting */
    public static String setting(ConnectionInfo info, String key) {
        return info.getProperty(key);
    }

    /** Writes for which database, as whom and with what settings a session is to be opened. */
    public static void greet(ConnectionInfo info, String database, Transfer transfer) throws IOException {
        transfer.writeString(database)
                .writeString(info.getOriginalURL())
                .writeString(info.getUserName())
                .writeBytes(info.getUserPasswordHash())
                .writeBytes(info.getFilePasswordHash());
        String[] keys = info.getKeys();
        transfer.writeInt(keys.length);
        for (String key : keys) {
            transfer.writeString(key).writeString(info.getProperty(key));
        }
    }
}
