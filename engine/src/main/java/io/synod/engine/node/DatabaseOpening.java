package io.synod.engine.node;

import io.synod.engine.database.Adoption;
import io.synod.engine.database.Errors;
import io.synod.engine.database.HostedDatabase;
import io.synod.engine.snapshot.DamagedStoreException;
import io.synod.engine.snapshot.ForeignFile;
import io.synod.engine.snapshot.H2Store;
import io.synod.engine.snapshot.OutsideChangeException;
import io.synod.engine.snapshot.StoreFile;
import io.synod.group.Epoch;
import io.synod.group.Recovered;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.Map;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Opens the copy of a database on this node, whatever is found of it: nothing, its own file, one that H2 made, one that was
 * changed behind its back, a damaged one.
 */
final class DatabaseOpening {
    private static final Logger LOG = LoggerFactory.getLogger(DatabaseOpening.class);
    private static final String FILE = ".mv.db";

    private final NodeConfig config;
    private final String database;
    private final Map<String, String> settings;
    private final Recovered log;
    private final NodePlace place;
    private final Path base;

    /**
     * @param settings of H2 for opening
     * @param log what the group finds of itself in the node's log
     */
    DatabaseOpening(NodeConfig config, NodePlace place, String database, Map<String, String> settings, Recovered log) {
        this.config = config;
        this.place = place;
        this.database = database;
        this.settings = settings;
        this.log = log;
        this.base = config.directory() == null ? null : config.directory().resolve(database);
    }

    HostedDatabase open() throws IOException, SQLException {
        if (base == null) {
            return hosted(H2Store.openMemory(database, settings));
        }
        checkSpelling();
        if (ForeignFile.isThere(base)) {
            checkBase();
            adopt();
        } else if (config.name().equals(config.base())
                && !place.joined()
                && log.lastIndex() == 0
                && !StoreFile.isThere(base)) {
            throw Errors.badSetting(
                    "BASE",
                    config.base(),
                    "another node, or none: this one has no file " + base + FILE + " for the group to begin with");
        }
        try {
            return openFile();
        } catch (OutsideChangeException e) {
            return changedOutside(e);
        } catch (DamagedStoreException e) {
            return rebuilt(e);
        }
    }

    private HostedDatabase openFile() throws IOException, SQLException {
        return hosted(H2Store.openFile(base, settings));
    }

    private HostedDatabase hosted(H2Store store) throws IOException {
        try {
            return new HostedDatabase(database, config.name(), store, config.timeoutMillis());
        } catch (IOException | RuntimeException e) {
            store.abandon();
            throw e;
        }
    }

    /** Names of databases are lower case here: a file in another spelling would lie beside a new, empty database. */
    private void checkSpelling() throws IOException, SQLException {
        String name = database + FILE;
        if (Files.exists(base.resolveSibling(name)) || Files.notExists(config.directory())) {
            return;
        }
        try (Stream<Path> files = Files.list(config.directory())) {
            Path other = files.filter(f -> f.getFileName().toString().equalsIgnoreCase(name))
                    .findFirst()
                    .orElse(null);
            if (other != null) {
                throw Errors.notOurs(
                        other + " is there, " + name + " is not", "rename it to " + name + ", or move it away");
            }
        }
    }

    private boolean isAlone() {
        return !place.joined() && log.members(place.bootstrap()).all().size() == 1;
    }

    /** Several files cannot be the base of one group. */
    private void checkBase() throws SQLException {
        if (isAlone() || config.name().equals(config.base())) {
            return;
        }
        String file = base + FILE;
        if (config.base() == null) {
            throw Errors.notOurs(
                    file + " is an H2 database that Synod has not made, and this node has PEERS",
                    "to make it the base of the group, give BASE=" + config.name()
                            + " on every node, this one too; to join the others without it, move it away");
        }
        throw Errors.notOurs(
                file + " is an H2 database that Synod has not made, and the base of the group is that of node "
                        + config.base(),
                "move it away: this node gets its copy from the others");
    }

    private void adopt() throws IOException, SQLException {
        if (!isAlone() && log.lastIndex() > 0) {
            throw Errors.notOurs(
                    base + FILE + " is an H2 database that Synod has not made, and the log of its group has "
                            + log.lastIndex() + " entries already",
                    "move it away: this node gets its copy from the log and from the others");
        }
        long epoch = log.promised() == 0 ? Epoch.of(1, place.slot()) : log.promised();
        Adoption.adopt(base, settings, log.lastIndex() + 1, epoch, place.known());
        LOG.info("database {}: {} is the base of its group, at index {}", database, base + FILE, log.lastIndex() + 1);
    }

    private HostedDatabase changedOutside(OutsideChangeException e) throws IOException, SQLException {
        if (NodeConfig.ADOPT.equals(config.outsideChanges())) {
            if (!isAlone()) {
                throw Errors.badSetting(
                        "OUTSIDE_CHANGES",
                        NodeConfig.ADOPT,
                        "DISCARD, since the other nodes do not have them: " + e.getMessage());
            }
            if (log.lastIndex() > e.applied()) {
                throw Errors.badSetting(
                        "OUTSIDE_CHANGES",
                        NodeConfig.ADOPT,
                        "DISCARD, since the log has entries up to " + log.lastIndex()
                                + " and the file only those up to " + e.applied() + ": " + e.getMessage());
            }
            StoreFile.disown(base);
            adopt();
            return openFile();
        }
        if (NodeConfig.DISCARD.equals(config.outsideChanges())) {
            try {
                StoreFile.discardOutsideChanges(base);
                return openFile();
            } catch (DamagedStoreException damaged) {
                return rebuilt(damaged);
            }
        }
        throw Errors.notOurs(
                e.getMessage(),
                isAlone()
                        ? "give OUTSIDE_CHANGES=ADOPT once to go on from the file as it is, or OUTSIDE_CHANGES=DISCARD to go on"
                                + " from the log without what was changed"
                        : "give OUTSIDE_CHANGES=DISCARD once to go on from the log and the other nodes, without what was"
                                + " changed");
    }

    private HostedDatabase rebuilt(DamagedStoreException e) throws IOException, SQLException {
        boolean fromLog = log.base().index() == 0;
        if (!fromLog && isAlone()) {
            throw Errors.damaged(
                    e.getMessage(),
                    "the log of this node does not reach back to the beginning, and there is no other node: restore the"
                            + " directory " + config.directory() + " from a backup",
                    e);
        }
        Path aside = StoreFile.setAside(base);
        String source = fromLog ? "its log" : "another node";
        LOG.warn(
                "database {} on node {} is rebuilt from {}: {}; what was left of the file is in {}",
                database,
                config.name(),
                source,
                e.getMessage(),
                aside);
        HostedDatabase hosted = openFile();
        hosted.setRebuilt("from " + source + ": " + e.getMessage());
        return hosted;
    }
}
