package io.synod.engine.federation;

import java.nio.file.Path;

/**
 * How much one federated query may bring from the databases into its scratch database.
 *
 * @param rows all fragments' rows together
 * @param bytes their size in memory by H2's own measure
 * @param keys distinct keys of a join that are sent to a database so that it returns only rows which match; 0 for never. As many
 *     rows of a part are held until it is known which of them match
 * @param memory bytes, by the same measure, up to which rows are held and the scratch database is in memory; above, it is a
 *     temporary file
 * @param directory where that file is; what a killed process left there is deleted when the next one needs a file
 */
public record ShippingLimits(long rows, long bytes, int keys, long memory, Path directory) {
    /** Two million rows, 256 MiB, 20,000 keys, 32 MiB in memory, the JVM's directory for temporary files. */
    public static final ShippingLimits DEFAULT = new ShippingLimits(2_000_000, 256L << 20, 20_000);

    /** With 32 MiB in memory, and the JVM's directory for temporary files. */
    public ShippingLimits(long rows, long bytes, int keys) {
        this(rows, bytes, keys, 32L << 20, Path.of(System.getProperty("java.io.tmpdir")));
    }
}
