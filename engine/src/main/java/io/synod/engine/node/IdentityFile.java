package io.synod.engine.node;

import io.synod.engine.database.Errors;
import io.synod.engine.database.MemberErrors;
import io.synod.group.Member;
import io.synod.group.Members;
import io.synod.transport.PeerIdentities;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.sql.SQLException;
import java.util.List;
import java.util.Properties;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.zip.CRC32C;

/**
 * Who this directory is: cluster, node, incarnation; and which incarnations its peers were seen with; {@link ComingBack} has its own lines
 * in it. Written by temporary file, force and rename. Thread-safe.
 */
final class IdentityFile implements PeerIdentities {
    private static final String FORMAT = "1";
    private static final String PEER = "peer.";
    private static final String STARTS = "starts";
    /** Whom it knew when it began or joined, by slot; without it, an earlier release made the file. */
    static final String MEMBERS = "members";
    /** That it was to join others, and did not begin a cluster. */
    static final String JOINED = "joined";
    /** That it is a witness in all its databases. */
    private static final String WITNESS = "witness";
    /** Before a database's name: index of the configuration without this node. */
    private static final String REMOVED = "removed.";
    /** Of all the other lines. Earlier releases neither write it nor look at it, and leave it behind as it was. */
    private static final String SUM = "sum";
    /** What every file has. */
    private static final List<String> NEEDED = List.of("format", "cluster", "node", "incarnation", STARTS);

    private static final String NAME = "node.properties";

    private final Path file;
    private final ComingBack comingBack = new ComingBack(this);
    /** Not changed, but replaced by what has been written. */
    private volatile Properties properties = new Properties();

    private IdentityFile(Path file) {
        this.file = file;
    }

    /** Whether a node has run here. It had its log before it had this file. */
    static boolean isIn(Path directory) {
        return Files.exists(directory.resolve(NAME));
    }

    static Path in(Path directory) {
        return directory.resolve(NAME);
    }

    /**
     * What can be told before anything is changed, of a file that may be damaged.
     *
     * @throws SQLException 90096 it is another node's
     */
    static void checkOwner(Path directory, NodeConfig config) throws IOException, SQLException {
        IdentityFile identity = new IdentityFile(in(directory));
        try {
            identity.load();
        } catch (SQLException damaged) {
            return;
        }
        String node = identity.properties.getProperty("node", config.name());
        check(directory, "node", node, config.name(), "give NODE=" + node);
        String cluster = identity.properties.getProperty("cluster", config.cluster());
        check(directory, "cluster", cluster, config.cluster(), "give CLUSTER=" + cluster);
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
            boolean returns = SetAside.isIn(directory);
            identity.countStart(fresh -> {
                fresh.setProperty("format", FORMAT);
                fresh.setProperty("cluster", config.cluster());
                fresh.setProperty("node", config.name());
                fresh.setProperty("incarnation", UUID.randomUUID().toString());
                if (config.witness()) {
                    fresh.setProperty(WITNESS, "true");
                }
                if (config.joins()) {
                    fresh.setProperty(JOINED, "true");
                }
                // A learner has no vote; what a witness says counts from the moment it is a member.
                if (config.comesBack() && (!config.joins() || config.witness())) {
                    fresh.setProperty(ComingBack.UNPROVEN, "true");
                }
                if (returns) {
                    fresh.setProperty(ComingBack.RETURNS, "true");
                }
            });
            return identity;
        }
        for (String key : List.of("format", "node", "cluster")) {
            if (p.getProperty(key) == null) {
                throw identity.damaged("it lacks " + key, null);
            }
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
        if (config.witness() && !identity.isWitness()) {
            throw MemberErrors.mayNotJoin(
                    config.name(),
                    directory
                            + " is that of a node which has copies of its databases: give the witness an empty directory, or"
                            + " leave JOIN=WITNESS out");
        }
        String replaced = p.getProperty(ComingBack.REPLACED);
        if (replaced != null) {
            throw MemberErrors.mayNotJoin(config.name(), ComingBack.replacedBy(replaced));
        }
        identity.countStart(same -> {});
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
            if (starts() < Math.max(startsThen, 1) || starts() == startsThen && !sum[1].equals(sum(properties))) {
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
                        + " data, give the node an empty directory and its PEERS, and it comes back as a new member",
                cause);
    }

    private static String sum(Properties properties) {
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
    private void countStart(Consumer<Properties> first) throws IOException {
        save(p -> {
            first.accept(p);
            p.setProperty(STARTS, String.valueOf(starts() + 1));
        });
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
        } catch (FileSystemException e) {
            // It cannot be opened, which says nothing of what is in it.
            throw e;
        } catch (IOException e) {
            throw damaged("it cannot be read: " + e.getMessage(), e);
        }
        if (properties.isEmpty()) {
            throw damaged("it is empty", null);
        }
        return true;
    }

    /** Makes a change and writes it down; one that cannot be written is not made. */
    synchronized void save(Consumer<Properties> change) throws IOException {
        Properties changed = new Properties();
        changed.putAll(properties);
        change.accept(changed);
        changed.setProperty(SUM, changed.getProperty(STARTS) + " " + sum(changed));
        write(changed);
        properties = changed;
    }

    private void write(Properties properties) throws IOException {
        Path temporary = file.resolveSibling(file.getFileName() + ".tmp");
        try (OutputStream out = Files.newOutputStream(temporary)) {
            properties.store(out, "Synod: who this directory is. Do not copy it to another node.");
        }
        try (FileChannel channel = FileChannel.open(temporary, StandardOpenOption.WRITE)) {
            channel.force(true);
        }
        Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        // Else a power failure may bring the file of before back, after this one was acted upon.
        NodeDirectory.force(file.toAbsolutePath().getParent());
    }

    /**
     * This node's place, as it was given once; asks for it where that is still to be done.
     *
     * @throws SQLException 55000 nobody has added it, 90096 it is to join with the directory of another cluster, 90113 PEERS names a node that it has never heard of
     */
    NodePlace place(NodeConfig config) throws IOException, SQLException {
        boolean joined = Boolean.parseBoolean(properties.getProperty(JOINED));
        String given = properties.getProperty(MEMBERS);
        if (config.joins() && !joined) {
            throw MemberErrors.mayNotJoin(
                    config.name(),
                    config.directory() + " is that of a node which has begun a cluster"
                            + (given == null ? "" : " (" + given + ")")
                            + ": give the node an empty directory, or leave JOIN out");
        }
        if (given == null) {
            NodePlace place = joined ? new Joining(config, incarnation()).await() : NodePlace.beginning(config);
            synchronized (this) {
                save(p -> p.setProperty(MEMBERS, NodePlace.encode(place.known().all())));
            }
            return place;
        }
        Members known = members(given);
        Member self = known.byName(config.name());
        if (self == null) {
            throw damaged("its members " + given + " lack " + config.name(), null);
        }
        for (Member peer : config.members().all()) {
            if (known.byName(peer.name()) == null && !knows(peer.name())) {
                throw MemberErrors.unknownPeer(peer.name(), given);
            }
        }
        return new NodePlace(known, self.slot(), joined).at(config.members());
    }

    private Members members(String given) throws SQLException {
        try {
            return NodePlace.decode(given);
        } catch (IllegalArgumentException e) {
            throw damaged(e.getMessage(), e);
        }
    }

    private boolean knows(String name) {
        return seen(name) != null || !firstKey(name).equals(PEER + name);
    }

    /** Whether a node of this name was met, or began the cluster with this one. */
    boolean knows(String name, NodePlace place) {
        return place.known().byName(name) != null || knows(name);
    }

    /** With which directory a node of this name was seen first; {@code null} where none was. */
    private synchronized UUID seen(String name) {
        return uuid(PEER + name);
    }

    /** With which directory the node of this name was seen that has this slot; {@code null} where it was not. */
    synchronized UUID seen(String name, int slot) {
        UUID seen = uuid(PEER + name + '@' + slot);
        // An earlier release did not write the slot: then the name had one only.
        return seen != null || !firstKey(name).equals(PEER + name) ? seen : uuid(PEER + name);
    }

    /** Whether a node of this name was seen with this directory, in whatever slot. */
    synchronized boolean hasMet(String name, UUID incarnation) {
        return properties.stringPropertyNames().stream()
                .filter(key -> key.equals(PEER + name) || key.startsWith(PEER + name + '@'))
                .anyMatch(key -> incarnation.equals(uuid(key)));
    }

    /** Under which the first slot of this name has its directory. */
    private String firstKey(String name) {
        return properties.stringPropertyNames().stream()
                .filter(key -> key.startsWith(PEER + name + '@'))
                .findFirst()
                .orElse(PEER + name);
    }

    private UUID uuid(String key) {
        String incarnation = properties.getProperty(key);
        return incarnation == null ? null : UUID.fromString(incarnation);
    }

    /** What it has noted of coming back as a new member. */
    ComingBack comingBack() {
        return comingBack;
    }

    /** Whether it has not been given a place yet. */
    synchronized boolean isNew() {
        // One that an earlier release made has no members in it, and was met under its name.
        return get(MEMBERS) == null && (comingBack.isUnproven() || get(JOINED) != null);
    }

    /** {@code null} where nothing is noted under that key. */
    synchronized String get(String key) {
        return properties.getProperty(key);
    }

    /** This node is not one of a database's group any more. */
    synchronized void noteRemoved(String database, long configuration) throws IOException {
        save(p -> p.setProperty(REMOVED + database, String.valueOf(configuration)));
    }

    /** Index of the configuration that no longer had this node; {@code null} for a database that it was not removed from. */
    synchronized String removedFrom(String database) {
        return properties.getProperty(REMOVED + database);
    }

    /** Whether this directory is a witness's, which it stays. */
    synchronized boolean isWitness() {
        return properties.getProperty(WITNESS) != null;
    }

    UUID incarnation() {
        return UUID.fromString(properties.getProperty("incarnation"));
    }

    @Override
    public synchronized UUID firstSeen(String name, UUID incarnation) throws IOException {
        return firstSeen(PEER + name, uuid(PEER + name), incarnation);
    }

    @Override
    public synchronized UUID firstSeen(String name, int slot, UUID incarnation) throws IOException {
        return firstSeen(PEER + name + '@' + slot, seen(name, slot), incarnation);
    }

    private UUID firstSeen(String key, UUID before, UUID incarnation) throws IOException {
        if (before != null) {
            return before;
        }
        save(p -> {
            p.setProperty(key, incarnation.toString());
            if (key.indexOf('@') > 0) {
                // Where an earlier release looks.
                p.putIfAbsent(key.substring(0, key.indexOf('@')), incarnation.toString());
            }
        });
        return incarnation;
    }
}
