package io.synod.engine.node;

import io.synod.engine.database.Errors;
import io.synod.transport.PeerIdentities;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.sql.SQLException;
import java.util.List;
import java.util.Properties;
import java.util.TreeMap;
import java.util.UUID;
import java.util.zip.CRC32C;

/**
 * Who this directory is: cluster, node, incarnation; and which incarnations its peers were seen with. Written by
 * temporary file, force and rename. Thread-safe.
 */
final class IdentityFile implements PeerIdentities {
    private static final String FORMAT = "1";
    private static final String PEER = "peer.";
    private static final String STARTS = "starts";
    /** Of all the other lines. Earlier releases neither write it nor look at it, and leave it behind as it was. */
    private static final String SUM = "sum";
    /** What every file has. */
    private static final List<String> NEEDED = List.of("format", "cluster", "node", "incarnation", STARTS);

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

    /**
     * @throws SQLException 90096 when the directory belongs to another node or cluster, or to a newer version; 90030 when the file is
     *     not what was written
     */
    static IdentityFile open(Path directory, NodeConfig config) throws IOException, SQLException {
        IdentityFile identity = new IdentityFile(directory.resolve(NAME));
        boolean there = identity.load();
        Properties p = identity.properties;
        if (!there) {
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
        identity.checkSum();
        identity.countStart();
        return identity;
    }

    /** After the format, which says what is in it. */
    private void checkSum() throws SQLException {
        for (String key : NEEDED) {
            if (properties.getProperty(key) == null) {
                throw damaged("it lacks " + key, null);
            }
        }
        try {
            incarnation();
            String[] sum = properties.getProperty(SUM, "0 0").split(" ");
            long startsThen = Long.parseLong(sum[0]);
            // More of them: an earlier release has written it since, and left the sum as it was.
            if (starts() < Math.max(startsThen, 1) || starts() == startsThen && !sum[1].equals(sum())) {
                throw damaged("its checksum is not that of its lines", null);
            }
        } catch (IllegalArgumentException | ArrayIndexOutOfBoundsException e) {
            throw damaged(e.getMessage(), e);
        }
    }

    private SQLException damaged(String why, Exception cause) {
        return Errors.damaged(
                file + " is damaged (" + why + ")",
                "nothing of it was used: restore the file, or the whole directory, from a backup; where the other members have the"
                        + " data, remove this directory's node and add one under a new name",
                cause);
    }

    private String sum() {
        StringBuilder lines = new StringBuilder();
        new TreeMap<>(properties).forEach((key, value) -> {
            if (!key.equals(SUM)) {
                lines.append(key).append('=').append(value).append('\n');
            }
        });
        CRC32C crc = new CRC32C();
        crc.update(lines.toString().getBytes(StandardCharsets.UTF_8));
        return Long.toHexString(crc.getValue());
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

    /** @return whether there is one */
    private boolean load() throws IOException, SQLException {
        if (!Files.exists(file)) {
            return false;
        }
        try (InputStream in = Files.newInputStream(file)) {
            properties.load(in);
        } catch (IllegalArgumentException e) {
            throw damaged(e.getMessage(), e);
        }
        if (properties.isEmpty()) {
            throw damaged("it is empty", null);
        }
        return true;
    }

    private void save() throws IOException {
        properties.setProperty(SUM, starts() + " " + sum());
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
