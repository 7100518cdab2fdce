package org.h2.value.lob;

import java.io.InputStream;
import java.util.function.Supplier;

/** A LOB whose content is somewhere else and is read only when H2 sends the value: its kinds are closed to other packages. */
public final class SynodLobData extends LobData {
    private final Supplier<InputStream> content;

    /** @param content a new stream from the beginning, each time */
    public SynodLobData(Supplier<InputStream> content) {
        this.content = content;
    }

    @Override
    public InputStream getInputStream(long precision) {
        return content.get();
    }
}
