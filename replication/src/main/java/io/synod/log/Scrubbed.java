package io.synod.log;

import java.util.List;

/**
 * What a look at everything that stands in the log's files has found.
 *
 * @param bytes that were read and checked
 * @param damage each place that is not as it was written, with file, byte, groups and entries; empty where all is whole
 */
public record Scrubbed(long bytes, List<String> damage) {
    public static final Scrubbed NOTHING = new Scrubbed(0, List.of());

    public Scrubbed {
        damage = List.copyOf(damage);
    }
}
