package io.synod.engine.node;

import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.h2.engine.SynodEngineBridge;

/** H2's settings that count when a database is opened; the others are set by SQL, through the log. */
final class OpenSettings {
    private static final Set<String> ALSO =
            Set.of("CACHE_SIZE", "TRACE_LEVEL_FILE", "TRACE_LEVEL_SYSTEM_OUT", "TRACE_MAX_FILE_SIZE");

    private OpenSettings() {}

    static Map<String, String> of(Map<String, String> h2Settings) {
        Map<String, String> open = new HashMap<>(h2Settings);
        open.keySet().removeIf(key -> !SynodEngineBridge.isOpenSetting(key) && !ALSO.contains(key));
        return open;
    }
}
