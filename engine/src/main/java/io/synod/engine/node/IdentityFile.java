package io.synod.engine.node;

import io.synod.engine.database.Errors;
import io.synod.transport.PeerIdentities;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.sql.SQLException;
import java.util.Properties;
import java.util.UUID;

/**
 * Who this directory is: cluster, node, incarnation; and which incarnations its peers were seen with. Written by
 * temporary file, force and rename. Thread-safe.
 */
final class IdentityFile implements PeerIdentities {
    private static final String FORMAT = "1";
    private static final String PEER = "peer.";
    private static final String STARTS = "starts";
    private static final String NAME = "node.properties";

    private final Path file;
    private final Properties properties = new Properties();

    private IdentityFile(Path file) {
        this.file = file;
    }

    /** Whether a node has run here. It had its log before it had this file. */
    static boolean isIn(Path directory) {
        return Files.exists(directory.resolve(NAME));
    }

    /** @throws SQLException 90096 when the directory belongs to another node or cluster, or to a newer version */
    static IdentityFile open(Path directory, NodeConfig config) throws IOException, SQLException {
        IdentityFile identity = new IdentityFile(directory.resolve(NAME));
        identity.load();
        Properties p = identity.properties;
        if (p.isEmpty()) {
            p.setProperty("format", FORMAT);
            p.setProperty("cluster", config.cluster());
            p.setProperty("node", config.name());
            p.setProperty("incarnation", UUID.randomUUID().toString());
            identity.countStart();
            return identity;
        }
        check(directory, "format", p.getProperty("format"), FORMAT, "use the version of Synod that made it");
        check(directory, "node", p.getProperty("node"), config.name(), "give NODE=" + p.getProperty("node"));
        check(
                directory,
                "cluster",
                p.getProperty("cluster"),
                config.cluster(),
                "give CLUSTER=" + p.getProperty("cluster"));
        identity.countStart();
        return identity;
    }

    /** Forced before anything is numbered by it. */
    private void countStart() throws IOException {
        properties.setProperty(STARTS, String.valueOf(starts() + 1));
        save();
    }

    /** How often a node has been started here, this time included. */
    long starts() {
        return Long.parseLong(properties.getProperty(STARTS, "0"));
    }

    private static void check(Path directory, String what, String is, String expected, String advice)
            throws SQLException {
        if (!expected.equals(is)) {
            throw Errors.foreignDirectory(directory + " belongs to " + what + " " + is + ", not " + expected, advice);
        }
    }

    private void load() throws IOException {
        if (Files.exists(file)) {
            try (InputStream in = Files.newInputStream(file)) {
                properties.load(in);
            }
        }
    }

    private void save() throws IOException {
        Path temporary = file.resolveSibling(file.getFileName() + ".tmp");
        try (OutputStream out = Files.newOutputStream(temporary)) {
            properties.store(out, "Synod: who this directory is. Do not copy it to another node.");
        }
        try (FileChannel channel = FileChannel.open(temporary, StandardOpenOption.WRITE)) {
            channel.force(true);
        }
        Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    UUID incarnation() {
        return UUID.fromString(properties.getProperty("incarnation"));
    }

    @Override
    public synchronized UUID firstSeen(String name, UUID incarnation) throws IOException {
        String before = properties.getProperty(PEER + name);
        if (before != null) {
            return UUID.fromString(before);
        }
        properties.setProperty(PEER + name, incarnation.toString());
        save();
        return incarnation;
    }
}
