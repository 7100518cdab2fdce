package io.synod.sample;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.engine.operations.FreePorts;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Three instances of the application, driven over HTTP, while the one that leads is killed and comes back. */
@Tag("process")
@Timeout(1200)
class SampleFailoverTest {
    private static final Pattern LEADER = Pattern.compile("\"leader\":\"(\\w+)\"");
    private static final Pattern SOLD = Pattern.compile("\"available\":(\\d+),\"item\":\"tea\",\"sold\":(\\d+)");
    private static final int CLIENTS = 3;
    private static final int ORDERS_BETWEEN = 60;

    @TempDir
    Path directory;

    private final List<Instance> instances = new ArrayList<>();
    private final Set<UUID> answered = ConcurrentHashMap.newKeySet();
    private final AtomicBoolean stop = new AtomicBoolean();
    private final ExecutorService clients = Executors.newFixedThreadPool(CLIENTS);

    @AfterEach
    void stop_all() throws InterruptedException {
        stop.set(true);
        clients.shutdown();
        clients.awaitTermination(30, TimeUnit.SECONDS);
        for (Instance instance : instances) {
            if (instance.isAlive()) {
                instance.kill();
            }
        }
    }

    @Test
    void every_answered_order_is_kept_once_while_the_leading_instance_is_killed() throws Exception {
        startInstances();
        List<Future<Integer>> running = new ArrayList<>();
        for (int client = 0; client < CLIENTS; client++) {
            int first = client;
            running.add(clients.submit(() -> order(first)));
        }
        awaitOrders(ORDERS_BETWEEN);

        Instance killed = leader();
        killed.kill();
        awaitOrders(answered.size() + ORDERS_BETWEEN);
        await("another leader than " + killed.name(), () -> leader() != killed);

        killed.start();
        awaitHealthy(killed);
        awaitOrders(answered.size() + ORDERS_BETWEEN);
        stop.set(true);
        int sent = 0;
        for (Future<Integer> client : running) {
            sent += client.get();
        }
        assertEquals(answered.size(), sent, "each client ends with an answer");
        for (Instance instance : instances) {
            List<String> kept = keys(instance.get("/orders"));
            assertEquals(kept.size(), new HashSet<>(kept).size(), "doubled on " + instance.name());
            Set<String> expected = new TreeSet<>();
            answered.forEach(key -> expected.add(key.toString()));
            assertEquals(expected, new TreeSet<>(kept), "on " + instance.name());
            Matcher stock = SOLD.matcher(instance.get("/stock"));
            assertTrue(stock.find());
            assertEquals(answered.size(), Integer.parseInt(stock.group(2)), "sold according to " + instance.name());
            assertEquals(1_000_000 - answered.size(), Integer.parseInt(stock.group(1)));
        }
        lastOneSaysThatItHasNoMajority();
    }

    private void lastOneSaysThatItHasNoMajority() throws Exception {
        Instance last = instances.get(2);
        for (Instance instance : instances) {
            if (instance != last) {
                instance.kill();
            }
        }
        await("ill health of " + last.name(), () -> {
            try {
                last.get("/actuator/health");
                return false;
            } catch (IOException e) {
                return e.getMessage().contains("answered 503") && e.getMessage().contains("\"leader\":\"none\"");
            }
        });
    }

    private void startInstances() throws Exception {
        // Not among those of outgoing connections, one of which could take a port while its instance is down.
        List<Integer> ports = FreePorts.take(6);
        String[] names = {"a", "b", "c"};
        for (int i = 0; i < 3; i++) {
            StringBuilder peers = new StringBuilder();
            for (int j = 0; j < 3; j++) {
                if (j != i) {
                    peers.append(peers.isEmpty() ? "" : ",")
                            .append(names[j])
                            .append("@127.0.0.1:")
                            .append(ports.get(j));
                }
            }
            String url = "jdbc:synod:file:" + directory.resolve(names[i]).resolve("shop") + ";NODE=" + names[i]
                    + ";LISTEN=127.0.0.1:" + ports.get(i) + ";PEERS=" + peers;
            Instance instance = new Instance(names[i], ports.get(3 + i), url, directory);
            instances.add(instance);
            instance.start();
        }
        for (Instance instance : instances) {
            awaitHealthy(instance);
        }
    }

    /** A client that sends an order again, to the next instance, until one answers. */
    private int order(int first) throws InterruptedException {
        int sent = 0;
        for (int turn = first; !stop.get(); turn++) {
            UUID key = UUID.randomUUID();
            long startNanos = System.nanoTime();
            for (int attempt = 0; ; attempt++) {
                Instance instance = instances.get((turn + attempt) % instances.size());
                try {
                    instance.put("/orders/" + key + "?item=tea&quantity=1");
                    break;
                } catch (IOException e) {
                    // Killed, or not back yet: the next one has it.
                    LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
                    if (System.nanoTime() - startNanos > Instance.LIMIT.toNanos()) {
                        throw new IllegalStateException("no instance takes order " + key, e);
                    }
                }
            }
            answered.add(key);
            sent++;
        }
        return sent;
    }

    private void awaitOrders(int count) throws Exception {
        await("order number " + count, () -> answered.size() >= count);
    }

    private void awaitHealthy(Instance instance) throws Exception {
        await("health of " + instance.name(), () -> {
            if (!instance.isAlive()) {
                throw new AssertionError(instance.name() + " has ended: " + Files.readString(instance.output()));
            }
            try {
                return instance.get("/actuator/health").contains("\"status\":\"UP\"");
            } catch (IOException e) {
                return false;
            }
        });
    }

    /** As those that live say; they agree on one when they have heard of each other. */
    private Instance leader() throws Exception {
        Set<String> names = new TreeSet<>();
        await("a leader", () -> {
            names.clear();
            for (Instance instance : instances) {
                if (instance.isAlive()) {
                    names.add(leaderOf(instance));
                }
            }
            return names.size() == 1 && !names.contains("");
        });
        return instances.stream()
                .filter(i -> names.contains(i.name()))
                .findFirst()
                .orElseThrow();
    }

    /** @return empty while it knows none */
    private static String leaderOf(Instance instance) throws InterruptedException {
        try {
            Matcher found = LEADER.matcher(instance.get("/actuator/health"));
            return found.find() ? found.group(1) : "";
        } catch (IOException e) {
            return "";
        }
    }

    private static List<String> keys(String json) {
        List<String> keys = new ArrayList<>();
        Matcher key = Pattern.compile("[0-9a-f-]{36}").matcher(json);
        while (key.find()) {
            keys.add(key.group());
        }
        return keys;
    }

    private static void await(String what, Callable<Boolean> condition) throws Exception {
        long deadline = System.nanoTime() + Instance.LIMIT.toNanos();
        while (!condition.call()) {
            assertTrue(System.nanoTime() < deadline, "in vain: " + what);
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
        }
    }
}
