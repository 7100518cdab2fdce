package io.synod.engine.session;

import java.io.IOException;
import java.io.InputStream;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import org.h2.message.DbException;
import org.h2.value.ValueBlob;
import org.h2.value.ValueClob;
import org.h2.value.ValueLob;
import org.h2.value.lob.LobDataDatabase;

/** Turns LOBs that one node stores into values that mean the same on another. */
final class Lobs {
    private Lobs() {}

    /** The whole LOB is in memory then. */
    static ValueLob inMemory(ValueLob lob) {
        if (!(lob.getLobData() instanceof LobDataDatabase)) {
            return lob;
        }
        try {
            if (lob instanceof ValueClob clob) {
                try (Reader reader = clob.getReader()) {
                    StringBuilder text = new StringBuilder();
                    char[] buffer = new char[8192];
                    for (int n; (n = reader.read(buffer)) >= 0; ) {
                        text.append(buffer, 0, n);
                    }
                    return ValueClob.createSmall(text.toString().getBytes(StandardCharsets.UTF_8), text.length());
                }
            }
            try (InputStream in = lob.getInputStream()) {
                return ValueBlob.createSmall(in.readAllBytes());
            }
        } catch (IOException e) {
            throw DbException.convertIOException(e, "reading a LOB to send it to the leader");
        }
    }
}
