package io.synod.engine.node;

import io.synod.engine.database.Errors;
import io.synod.log.ChronicleEntryLog;
import io.synod.log.DamagedLogException;
import io.synod.log.LogConfig;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.sql.SQLException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.h2.api.ErrorCode;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The directory of a node, opened: its log, which holds its lock, and who it is. One that is damaged and has peers is set aside, and the
 * node begins a new one, with which it has to come back.
 */
record NodeDirectory(ChronicleEntryLog log, IdentityFile identity) {
    /** In the log: the incarnation of its directory. One that an earlier release made gets it at the next start. */
    private static final String STAMP = "INCARNATION";

    private static final Logger LOG = LoggerFactory.getLogger(NodeDirectory.class);
    private static final long PAUSE_NANOS = TimeUnit.SECONDS.toNanos(1);

    /** What is here cannot be gone on from. */
    private static final class UnusableException extends Exception {
        private static final long serialVersionUID = 1;

        UnusableException(String what) {
            super(what);
        }
    }

    /** Whether a database's file is there. Clients choose the name: it must not lead out of the directory. */
    static boolean hasFile(Path directory, String database) {
        try {
            Path file = Path.of(database + ".mv.db");
            return file.equals(file.getFileName()) && Files.exists(directory.resolve(file));
        } catch (InvalidPathException e) {
            return false;
        }
    }

    static NodeDirectory open(NodeConfig config) throws IOException, SQLException {
        return open(config, () -> LockSupport.parkNanos(PAUSE_NANOS));
    }

    /** @param pause before what cannot be gone on from is read again: a disk may give the next time what it did not */
    static NodeDirectory open(NodeConfig config, Runnable pause) throws IOException, SQLException {
        Path directory = config.directory();
        Files.createDirectories(directory);
        if (!config.comesBack()) {
            return openedAsIs(config);
        }
        // Asked once: what is opened makes what is not there.
        boolean known = IdentityFile.isIn(directory);
        String why;
        try {
            return usable(config, known);
        } catch (UnusableException e) {
            LOG.warn("node {} reads its directory once more: {}", config.name(), e.getMessage());
        }
        pause.run();
        try {
            return usable(config, known);
        } catch (UnusableException e) {
            why = e.getMessage();
        }
        IdentityFile.checkOwner(directory, config);
        Path aside = SetAside.all(directory, config.name());
        LOG.error(
                "node {} cannot go on from its directory, which is now in {}; it is to come back as a new member, by what the"
                        + " others have: {}",
                config.name(),
                aside,
                why);
        return openedAsIs(config);
    }

    /** 90030 what says who it is, 90031 with this cause its log: nothing else is refused so before the log is open. */
    private static boolean isDamage(SQLException e) {
        return e.getErrorCode() == ErrorCode.FILE_CORRUPTED_1 || e.getErrorCode() == ErrorCode.IO_EXCEPTION_2;
    }

    private static NodeDirectory openedAsIs(NodeConfig config) throws IOException, SQLException {
        Path directory = config.directory();
        Path logDirectory = directory.resolve(SetAside.LOG);
        if (IdentityFile.isIn(directory) && !ChronicleEntryLog.isIn(logDirectory)) {
            throw Errors.logGone(logDirectory.toString());
        }
        ChronicleEntryLog log = ChronicleEntryLog.open(logDirectory, LogConfig.standard(config.name()));
        try {
            return new NodeDirectory(log, IdentityFile.open(directory, config));
        } catch (IOException | SQLException | RuntimeException e) {
            NodeStart.closeQuietly(log);
            throw e;
        }
    }

    /** @param known whether it was there what says whose it is */
    private static NodeDirectory usable(NodeConfig config, boolean known)
            throws IOException, SQLException, UnusableException {
        NodeDirectory opened;
        try {
            opened = openedAsIs(config);
        } catch (DamagedLogException e) {
            throw new UnusableException(e.getMessage());
        } catch (SQLException e) {
            if (!isDamage(e)) {
                throw e;
            }
            throw new UnusableException(e.getMessage());
        }
        String why = null;
        if (opened.identity.comingBack().beginsAgain()) {
            why = "others have met another directory of this node";
        } else if (!known && !opened.log.isEmpty()) {
            why = IdentityFile.in(config.directory()) + " is gone, which says whose log this is";
        } else {
            why = foreignLog(config.directory(), opened.identity.incarnation().toString());
        }
        if (why != null) {
            NodeStart.closeQuietly(opened.log);
            throw new UnusableException(why);
        }
        return opened;
    }

    /**
     * A log that was not there for a while, because its disk was not mounted say, must not pass for that of the directory which took
     * its place: it lacks what that one has promised.
     *
     * @return {@code null} where it is this directory's
     */
    private static String foreignLog(Path directory, String incarnation) throws IOException {
        Path stamp = directory.resolve(SetAside.LOG).resolve(STAMP);
        if (Files.exists(stamp)) {
            String owner;
            try {
                owner = Files.readString(stamp, StandardCharsets.ISO_8859_1).strip();
            } catch (FileSystemException e) {
                throw e;
            } catch (IOException e) {
                return stamp + " cannot be read, which says whose log this is: " + e.getMessage();
            }
            return owner.equals(incarnation)
                    ? null
                    : "its log belongs to the directory " + owner + ", and this one is " + incarnation;
        }
        Path fresh = stamp.resolveSibling(STAMP + ".new");
        try (FileChannel channel = FileChannel.open(
                fresh, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.wrap(incarnation.getBytes(StandardCharsets.ISO_8859_1)));
            channel.force(true);
        }
        Files.move(fresh, stamp, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        force(stamp.getParent());
        return null;
    }

    /** What was made, renamed or moved in it is sure from now on; systems that cannot open a directory need no force. */
    static void force(Path directory) throws IOException {
        if (!System.getProperty("os.name").startsWith("Windows")) {
            try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
                channel.force(true);
            }
        }
    }
}
