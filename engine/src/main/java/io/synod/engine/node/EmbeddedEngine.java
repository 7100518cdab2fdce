package io.synod.engine.node;

import io.synod.engine.database.Errors;
import io.synod.engine.database.HostedDatabase.RoleListener;
import io.synod.jdbc.EngineProvider;
import io.synod.jdbc.RemoteSessions;
import io.synod.jdbc.SynodUrl;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Consumer;
import org.h2.engine.Session;
import org.h2.security.SHA256;

/**
 * The nodes of this process, by directory or by name in memory: the first connection starts a node, later ones join it. As
 * in H2, it stops with its last connection unless DB_CLOSE_DELAY says otherwise; a node that serves others (LISTEN, SQL)
 * stops with the process. Thread-safe.
 */
public final class EmbeddedEngine implements EngineProvider {
    private static final Map<String, Running> NODES = new HashMap<>();
    /** Nodes that are being started, which may take as long as their peers do. Under the lock of {@link #NODES}. */
    private static final Set<String> STARTING = new HashSet<>();

    private static boolean hooked;

    /** A node and those who keep it alive. Under the lock of {@link #NODES}. */
    private static final class Running {
        private final String key;
        private final Node node;
        private int connections;
        private boolean stays;

        Running(String key, Node node) {
            this.key = key;
            this.node = node;
        }
    }

    /** Made by {@link java.util.ServiceLoader}. */
    public EmbeddedEngine() {}

    @Override
    public Session open(SynodUrl url, String user, char[] password) throws SQLException {
        String name = user.toUpperCase(Locale.ROOT);
        byte[] hash = name.isEmpty() && password.length == 0
                ? new byte[0]
                : SHA256.getKeyPasswordHash(name, password.clone());
        Map<String, String> settings = new HashMap<>(url.h2Settings());
        settings.putAll(url.settings());
        boolean stays = !url.h2Settings().getOrDefault("DB_CLOSE_DELAY", "0").equals("0");
        Running running = running(url, found -> {
            found.connections++;
            found.stays |= stays;
        });
        boolean opened = false;
        try {
            if (running.node.isWitness()) {
                running.node.hostLog(url.database(), url.h2Settings());
                return RemoteSessions.open(url, running.node.endpoints(url.database()), password);
            }
            if (Boolean.parseBoolean(url.h2Settings().get("IFEXISTS")) && !running.node.exists(url.database())) {
                throw Errors.noSuchDatabase(url.database(), running.node.name(), running.node.databaseNames());
            }
            running.node.host(url.database(), url.h2Settings());
            Running held = running;
            Session session = running.node.open(url.database(), name, hash, settings, () -> release(held));
            opened = true;
            return session;
        } finally {
            Arrays.fill(hash, (byte) 0);
            if (!opened) {
                release(running);
            }
        }
    }

    /**
     * Starts the node that the URL names, or joins it, and hosts the database there; it runs until it is closed.
     *
     * @param listener told of each change of role of its databases, from the first one on; {@code null} for none
     * @throws SQLException as {@link EngineProvider#open}
     */
    public static Node start(SynodUrl url, RoleListener listener) throws SQLException {
        Running running = running(url, found -> found.stays = true);
        if (listener != null) {
            running.node.addRoleListener(listener);
        }
        running.node.hostLog(url.database(), url.h2Settings());
        return running.node;
    }

    /** The same without a listener; a second database of one node is added so. */
    public static Node start(SynodUrl url) throws SQLException {
        return start(url, null);
    }

    /** Stops the node of this process that the URL names, if it runs. */
    static void stop(SynodUrl url) throws SQLException {
        synchronized (NODES) {
            Running running = NODES.remove(key(url));
            if (running != null) {
                running.node.close();
            }
        }
    }

    /**
     * One that runs, or is started now: by one thread at a time, while those that want other nodes do not wait.
     *
     * @param keeps has it stay; under the lock of {@link #NODES}
     */
    private static Running running(SynodUrl url, Consumer<Running> keeps) throws SQLException {
        String key = key(url);
        synchronized (NODES) {
            awaitStarted(key);
            Running running = NODES.get(key);
            if (running != null && running.node.isClosed()) {
                // It may be at it.
                running.node.close();
                NODES.remove(key);
                running = null;
            }
            if (running != null) {
                checkSame(url, running.node);
                keeps.accept(running);
                return running;
            }
            STARTING.add(key);
        }
        Running started = null;
        try {
            started = new Running(key, NodeStart.start(NodeConfig.of(url)));
            started.stays = started.node.config().servesOthers();
            return started;
        } finally {
            synchronized (NODES) {
                STARTING.remove(key);
                NODES.notifyAll();
                if (started != null) {
                    keeps.accept(started);
                    NODES.put(key, started);
                    closeAllAtExit();
                }
            }
        }
    }

    private static void awaitStarted(String key) {
        boolean interrupted = false;
        while (STARTING.contains(key)) {
            try {
                NODES.wait();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private static void closeAllAtExit() {
        if (!hooked) {
            hooked = true;
            Runtime.getRuntime().addShutdownHook(new Thread(EmbeddedEngine::closeAll, "synod-exit"));
        }
    }

    private static String key(SynodUrl url) throws SQLException {
        if (url.kind() == SynodUrl.Kind.MEM) {
            return "mem:" + url.database();
        }
        Path directory = Path.of(url.path()).toAbsolutePath().normalize();
        try {
            java.nio.file.Files.createDirectories(directory);
            return directory.toRealPath().toString();
        } catch (IOException e) {
            throw Errors.notWritable(directory.toString(), e);
        }
    }

    /** A URL that asks for another node than the one which runs there is a mistake, not a wish. */
    private static void checkSame(SynodUrl url, Node node) throws SQLException {
        for (String key : new String[] {"NODE", "LISTEN", "SQL", "PEERS", "CLUSTER"}) {
            String asked = url.settings().get(key);
            if (asked == null) {
                continue;
            }
            NodeConfig config = node.config();
            NodeConfig other = NodeConfig.of(url);
            boolean same = switch (key) {
                case "NODE" -> asked.equals(config.name());
                case "LISTEN" -> asked.equals(config.listen());
                case "SQL" -> asked.equals(config.sql());
                case "PEERS" -> Objects.equals(other.members(), config.members());
                default -> asked.equals(config.cluster());
            };
            if (!same) {
                throw Errors.badSetting(
                        key, asked, "the one that node " + node.name() + " in this process was started with");
            }
        }
    }

    private static void release(Running running) {
        synchronized (NODES) {
            running.connections--;
            if (running.connections > 0 || running.stays || running.node.staysOpen()) {
                return;
            }
            if (NODES.remove(running.key, running)) {
                running.node.close();
            }
        }
    }

    private static void closeAll() {
        synchronized (NODES) {
            NODES.values().forEach(running -> running.node.close());
            NODES.clear();
        }
    }
}
