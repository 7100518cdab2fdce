package io.synod.engine.session;

import java.io.IOException;
import java.io.InputStream;
import org.h2.message.DbException;
import org.h2.value.ValueBlob;
import org.h2.value.ValueClob;
import org.h2.value.ValueLob;
import org.h2.value.lob.LobData;
import org.h2.value.lob.LobDataDatabase;
import org.h2.value.lob.SynodLobData;

/** Turns LOBs that one node stores into values that mean the same on another. */
final class Lobs {
    /** A larger one is read while it is sent. */
    private static final int IN_MEMORY_BYTES = 64 << 10;

    private Lobs() {}

    /** The LOB by its content instead of by its place in this node's store. It must outlive the value. */
    static ValueLob carried(ValueLob lob) {
        if (!(lob.getLobData() instanceof LobDataDatabase)) {
            return lob;
        }
        long octets = lob.octetLength();
        if (octets > IN_MEMORY_BYTES) {
            LobData content = new SynodLobData(lob::getInputStream);
            return lob instanceof ValueClob clob
                    ? new ValueClob(content, octets, clob.charLength())
                    : new ValueBlob(content, octets);
        }
        try (InputStream in = lob.getInputStream()) {
            byte[] bytes = in.readAllBytes();
            return lob instanceof ValueClob clob
                    ? ValueClob.createSmall(bytes, clob.charLength())
                    : ValueBlob.createSmall(bytes);
        } catch (IOException e) {
            throw DbException.convertIOException(e, "reading a LOB to send it to the leader");
        }
    }
}
