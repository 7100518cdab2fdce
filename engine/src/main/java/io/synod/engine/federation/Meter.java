package io.synod.engine.federation;

import org.h2.value.Value;

/** Counts what one statement reads, ships and keeps, and ends it where it ships too much. */
final class Meter {
    private final ShippingLimits limits;
    private long rows;
    private long read;
    private long bytes;
    /** Of rows that were not shipped, but made of such. */
    private long made;

    Meter(ShippingLimits limits) {
        this.limits = limits;
    }

    /** @throws org.h2.message.DbException 54000 if this row is one too many */
    void count(String database, Value[] row, int columns) {
        bytes += bytes(row, columns);
        if (++rows > limits.rows()) {
            throw FederationErrors.tooMuchShipped(database, "rows", limits.rows());
        }
        if (bytes > limits.bytes()) {
            throw FederationErrors.tooMuchShipped(database, "bytes", limits.bytes());
        }
    }

    static long bytes(Value[] row, int columns) {
        long bytes = 0;
        for (int i = 0; i < columns; i++) {
            bytes += ForeignLobs.bytes(row[i]);
        }
        return bytes;
    }

    /** A row that the scratch database has made itself. */
    void keep(Value[] row) {
        made += bytes(row, row.length);
    }

    /** Rows of a fragment's result, whether they are shipped or left out. */
    void read(long more) {
        read += more;
    }

    /** @return rows that the databases gave */
    long read() {
        return Math.max(read, rows);
    }

    /** @return rows that were shipped */
    long rows() {
        return rows;
    }

    /** @return bytes of all rows in the scratch database */
    long kept() {
        return bytes + made;
    }
}
