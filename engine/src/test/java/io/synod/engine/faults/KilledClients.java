package io.synod.engine.faults;

import io.synod.history.Transaction.Outcome;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * A client that is a process of its own, {@link ClientProcess}, which is killed in the middle of what it does. What it was told
 * until then must hold, what it was at is there whole or not at all, and the row that it had locked is free again before the next one
 * starts.
 */
final class KilledClients extends Workload {
    private static final int FAULTS_MAX = 10;

    private final Map<Long, Outcome> outcomes = new ConcurrentHashMap<>();

    // Of the one thread that reads.
    private final List<List<Long>> unknown = new ArrayList<>();
    private final List<Long> freeMillis = new ArrayList<>();
    private List<Long> open = List.of();
    private long values;
    private BufferedReader history;

    // Guarded by this.
    private Process process;
    private long killedNanos;
    private boolean killed;

    @Override
    List<String> tables() {
        return List.of(
                "CREATE TABLE killed_item(x BIGINT NOT NULL)",
                "CREATE TABLE killed_slot(k INT PRIMARY KEY, x BIGINT NOT NULL)",
                "INSERT INTO killed_slot VALUES (0, 0)");
    }

    /** {@code kill -9} of the process. @return false when none runs, for the one before has just been killed */
    synchronized boolean kill() {
        if (process == null || killed) {
            return false;
        }
        killed = true;
        killedNanos = System.nanoTime();
        process.toHandle().destroyForcibly(); // process.destroyForcibly() would close the pipe with what it has told
        return true;
    }

    @Override
    int pauseMicrosMax() {
        return 1; // the process makes pauses
    }

    @Override
    void transaction(Client client) {
        try {
            if (history == null) {
                if (!freed(client)) {
                    return;
                }
                start(client);
            }
            read(client);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private synchronized void start(Client client) throws IOException {
        process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx128m",
                        "-XX:+UseSerialGC",
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty("java.class.path"),
                        ClientProcess.class.getName(),
                        client.url(),
                        Long.toString(client.random.nextLong()),
                        Long.toString(values + 1))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        history = process.inputReader(StandardCharsets.UTF_8);
    }

    /** Until the end of a transaction, or of the process. */
    private void read(Client client) throws IOException {
        for (String line = history.readLine(); line != null; line = history.readLine()) {
            if (line.startsWith(ClientProcess.BEGIN + " ")) {
                String[] words =
                        line.substring(ClientProcess.BEGIN.length() + 1).split(" ");
                open = Stream.of(words).map(Long::valueOf).toList();
                values = open.get(open.size() - 1);
            } else if (line.equals(ClientProcess.COMMITTED)) {
                ended(Outcome.COMMITTED);
                client.acknowledged(true);
                return;
            } else if (line.startsWith(ClientProcess.FAILED + " ")) {
                String[] words =
                        line.substring(ClientProcess.FAILED.length() + 1).split(" ", 3);
                ended(client.told(words[0], Boolean.parseBoolean(words[1]), words[2]));
                return;
            } else {
                throw new AssertionError("no line of a history of version 1: " + line);
            }
        }
        processEnded();
    }

    private void ended(Outcome outcome) {
        open.forEach(value -> outcomes.put(value, outcome));
        if (outcome == Outcome.UNKNOWN) {
            unknown.add(open);
        }
        open = List.of();
    }

    private synchronized void processEnded() {
        if (!killed) {
            throw new AssertionError("the client's process has ended by itself: " + process);
        }
        ended(Outcome.UNKNOWN);
        process = null;
        history = null;
    }

    /** Whether the row is free that the killed process had locked; tries once. */
    private boolean freed(Client client) {
        synchronized (this) {
            if (!killed) {
                return true;
            }
        }
        try {
            Connection c = client.connection();
            try (Statement s = c.createStatement()) {
                s.executeUpdate("UPDATE killed_slot SET x = 0 WHERE k = 0");
            }
            c.commit();
        } catch (SQLException e) {
            client.failed(e, false);
            return false;
        }
        synchronized (this) {
            killed = false;
            freeMillis.add(TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - killedNanos));
        }
        return true;
    }

    /** What it had written until then counts. */
    @Override
    void end(Client client) {
        kill();
        try {
            while (history != null) {
                read(client);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            super.end(client);
        }
    }

    @Override
    List<String> judge(Connection c) throws SQLException {
        Map<Long, Integer> found = UniqueInserts.found(c, "killed_item");
        List<String> faults = new ArrayList<>();
        for (List<Long> transaction : unknown) {
            long there = transaction.stream().filter(found::containsKey).count();
            if (there > 0 && there < transaction.size()) {
                faults.add(this + ": of one transaction " + transaction + " " + there + " are there");
            }
        }
        faults.addAll(UniqueInserts.judge(this, outcomes, found));
        return faults.subList(0, Math.min(faults.size(), FAULTS_MAX));
    }

    @Override
    String counts() {
        List<Long> sorted = freeMillis.stream().sorted().toList();
        return super.counts()
                + (sorted.isEmpty()
                        ? ", never killed"
                        : ", killed " + sorted.size() + " times, its row free after " + sorted.get(sorted.size() / 2)
                                + " ms (median) to " + sorted.get(sorted.size() - 1) + " ms of the kill");
    }

    @Override
    public String toString() {
        return "killed client";
    }
}
