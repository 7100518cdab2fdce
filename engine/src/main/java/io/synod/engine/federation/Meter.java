package io.synod.engine.federation;

import org.h2.value.Value;

/** Counts what one statement ships, and ends it where that is too much. */
final class Meter {
    private final ShippingLimits limits;
    private long rows;
    private long bytes;

    Meter(ShippingLimits limits) {
        this.limits = limits;
    }

    /** @throws org.h2.message.DbException 54000 if this row is one too many */
    void count(String database, Value[] row, int columns) {
        for (int i = 0; i < columns; i++) {
            bytes += row[i].getMemory();
        }
        if (++rows > limits.rows()) {
            throw FederationErrors.tooMuchShipped(database, "rows", limits.rows());
        }
        if (bytes > limits.bytes()) {
            throw FederationErrors.tooMuchShipped(database, "bytes", limits.bytes());
        }
    }

    long rows() {
        return rows;
    }

    long bytes() {
        return bytes;
    }
}
