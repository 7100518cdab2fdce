package io.synod.engine.snapshot;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.h2.mvstore.MVStore;
import org.h2.store.fs.FileUtils;

/** BACKUP TO: the bytes of a checkpoint in a zip, as H2 writes it. */
final class StoreBackup {
    private static final int PIECE_BYTES = 1 << 20;

    private StoreBackup() {}

    /** What follows in the file meanwhile is not copied, and what is copied does not change. */
    static void write(Path file, Checkpoint.Image image, MVStore chunks, String zip) throws IOException {
        try (OutputStream zipped = FileUtils.newOutputStream(zip, false);
                ZipOutputStream out = new ZipOutputStream(zipped)) {
            out.putNextEntry(new ZipEntry(file.getFileName().toString()));
            out.write(image.header());
            for (long copied = image.header().length; copied < image.length(); ) {
                int piece = (int) Math.min(PIECE_BYTES, image.length() - copied);
                out.write(Checkpoint.read(chunks, copied, piece));
                copied += piece;
            }
            out.closeEntry();
        }
    }
}
