package io.synod.engine.snapshot;

import io.synod.replica.Snapshots.Header;
import io.synod.replica.Snapshots.Incoming;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.Arrays;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A snapshot on its way into the side file {@code NAME.incoming.mv.db}. It is forced piece by piece, not chunk by chunk, and
 * what is forced outlives a crash: {@link IncomingProgress} has a checksum of every piece. One thread at a time.
 */
final class IncomingSnapshot implements Incoming {
    private static final Logger LOG = LoggerFactory.getLogger(IncomingSnapshot.class);
    private static final int PIECE = 1 << 20;

    private final DatabaseFiles files;
    private final Header header;
    private final H2Store.Installer installer;
    private final FileChannel file;
    private final IncomingProgress progress;
    private boolean forceFailed;

    private IncomingSnapshot(
            DatabaseFiles files,
            Header header,
            H2Store.Installer installer,
            FileChannel file,
            IncomingProgress progress) {
        this.files = files;
        this.header = header;
        this.installer = installer;
        this.file = file;
        this.progress = progress;
    }

    /** @throws IOException the snapshot is of a format that this version does not know */
    static IncomingSnapshot open(DatabaseFiles files, Header header, H2Store.Installer installer) throws IOException {
        if (header.version() != SnapshotTrailer.VERSION) {
            throw new IOException("a snapshot of format version " + header.version()
                    + " was offered; this release of Synod reads version " + SnapshotTrailer.VERSION
                    + ": update this node");
        }
        if (header.length() <= SnapshotTrailer.SIZE) {
            throw new IOException("a snapshot of " + header.length() + " bytes was offered, that cannot be one");
        }
        return open(
                files,
                header,
                installer,
                FileChannel.open(
                        files.incoming(),
                        StandardOpenOption.CREATE,
                        StandardOpenOption.READ,
                        StandardOpenOption.WRITE));
    }

    /** @param file where it is put; closed with this, and where this fails */
    static IncomingSnapshot open(DatabaseFiles files, Header header, H2Store.Installer installer, FileChannel file)
            throws IOException {
        IncomingProgress progress = null;
        try {
            progress = IncomingProgress.open(files.progress(), header, file);
            file.truncate(progress.received());
            if (progress.received() > 0) {
                LOG.info(
                        "{}: {} of {} bytes of the snapshot at index {} are here already",
                        files.name(),
                        progress.received(),
                        header.length(),
                        header.index());
            }
            return new IncomingSnapshot(files, header, installer, file, progress);
        } catch (IOException | RuntimeException e) {
            file.close();
            if (progress != null) {
                progress.close();
            }
            throw e;
        }
    }

    /** Removes what was received of a snapshot that nobody goes on with. */
    static void discard(DatabaseFiles files) throws IOException {
        DatabaseFiles.delete(files.progress());
        DatabaseFiles.delete(files.incoming());
    }

    @Override
    public long received() {
        return progress.received();
    }

    @Override
    public void write(byte[] chunk) throws IOException {
        long offset = progress.received();
        if (chunk.length > header.length() - offset) {
            throw new IOException("a snapshot of " + header.length() + " bytes goes on after " + offset + " with "
                    + chunk.length + " more");
        }
        ByteBuffer bytes = ByteBuffer.wrap(chunk);
        while (bytes.hasRemaining()) {
            file.write(bytes, offset + bytes.position());
        }
        progress.written(chunk);
        if (progress.unforced() >= PIECE || progress.received() == header.length()) {
            force();
        }
    }

    private void force() throws IOException {
        // Never again where it failed once: the system would say that it is on disk now, and it is not.
        if (progress.unforced() > 0 && !forceFailed) {
            forceFailed = true;
            file.force(false);
            forceFailed = false;
            progress.forced();
        }
    }

    @Override
    public void install() throws IOException {
        long fileLength;
        try {
            fileLength = verify();
        } catch (IOException e) {
            // What is wrong once stays wrong: the next attempt starts anew.
            close();
            discard(files);
            throw e;
        }
        file.force(true);
        close();
        FaultPoint.reach(FaultPoint.VERIFIED);
        installer.install(header, fileLength);
        DatabaseFiles.delete(files.progress());
    }

    private long verify() throws IOException {
        if (received() != header.length()) {
            throw new IOException("a snapshot of " + header.length() + " bytes was to be installed with " + received());
        }
        byte[] end = new byte[SnapshotTrailer.SIZE];
        readFully(end, end.length, header.length() - end.length);
        SnapshotTrailer trailer = SnapshotTrailer.decode(end, header);
        MessageDigest sha = SnapshotTrailer.sha256();
        byte[] piece = new byte[PIECE];
        for (long offset = 0; offset < trailer.fileLength(); offset += PIECE) {
            int length = (int) Math.min(PIECE, trailer.fileLength() - offset);
            readFully(piece, length, offset);
            sha.update(piece, 0, length);
        }
        if (!Arrays.equals(sha.digest(), trailer.digest())) {
            throw new IOException("the snapshot at index " + header.index()
                    + " arrived with another checksum than it was" + " made with");
        }
        return trailer.fileLength();
    }

    private void readFully(byte[] into, int length, long offset) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(into, 0, length);
        while (bytes.hasRemaining()) {
            if (file.read(bytes, offset + bytes.position()) < 0) {
                throw new IOException(files.incoming() + " ends before " + (offset + length));
            }
        }
    }

    @Override
    public void close() {
        try (file;
                progress) {
            if (file.isOpen()) {
                force();
            }
        } catch (IOException e) {
            LOG.warn("{} was not closed as it should be", files.incoming(), e);
        }
    }
}
