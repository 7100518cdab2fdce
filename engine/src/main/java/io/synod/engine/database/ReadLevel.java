package io.synod.engine.database;

import java.util.Arrays;
import java.util.Locale;

/** How much a read outside a writing transaction promises: setting {@code READ=} and statement {@code SET READ}. */
public enum ReadLevel {
    /** Includes everything that was acknowledged to anybody before the read began. */
    LINEARIZABLE,
    /** Includes what this session wrote or was shown, and everything acknowledged longer ago than a bound. */
    BOUNDED,
    /** Includes what this session wrote or was shown, on whichever node. */
    SESSION,
    /** A committed state of this node, possibly old. */
    LOCAL;

    /** @throws org.h2.message.DbException 22023 for an unknown level */
    public static ReadLevel parse(String text) {
        try {
            return valueOf(text.trim().toUpperCase(Locale.ENGLISH));
        } catch (IllegalArgumentException e) {
            throw Errors.badValue("READ", text, String.join(", ", Arrays.toString(values())));
        }
    }
}
