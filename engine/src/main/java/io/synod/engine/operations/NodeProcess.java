package io.synod.engine.operations;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One node as a process that can be started, killed, paused and started again on the same directory and ports.
 * Thread-safe.
 */
public final class NodeProcess {
    private static final long STOP_LIMIT_NANOS = TimeUnit.SECONDS.toNanos(10);
    private static final Logger LOG = LoggerFactory.getLogger(NodeProcess.class);

    private final String name;
    private final List<String> command;
    private final Path errors;
    private final String listen;
    private final String sql;

    // Guarded by this.
    private final List<String> lines = new ArrayList<>();
    private Process process;

    /**
     * Starts nothing.
     *
     * @param command the whole command line
     * @param errors what the process writes to standard error is appended to this file
     * @param listen {@code host:port} for peers
     * @param sql {@code host:port} for clients
     */
    public NodeProcess(String name, List<String> command, Path errors, String listen, String sql) {
        this.name = name;
        this.command = command;
        this.errors = errors;
        this.listen = listen;
        this.sql = sql;
    }

    public String name() {
        return name;
    }

    /** {@code host:port} for peers. */
    public String listen() {
        return listen;
    }

    /** {@code host:port} for clients. */
    public String sql() {
        return sql;
    }

    /** @return empty while it does not run */
    public synchronized OptionalLong pid() {
        return isAlive() ? OptionalLong.of(process.pid()) : OptionalLong.empty();
    }

    /** Starts the process; what it printed before is forgotten. */
    public synchronized void start() throws IOException {
        if (isAlive()) {
            throw new IllegalStateException("node " + name + " runs already");
        }
        lines.clear();
        process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.appendTo(errors.toFile()))
                .start();
        Process started = process;
        Thread reader = new Thread(() -> read(started), "output-of-" + name);
        reader.setDaemon(true);
        reader.start();
    }

    private void read(Process started) {
        try (BufferedReader in = started.inputReader(StandardCharsets.UTF_8)) {
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                synchronized (this) {
                    if (process == started) {
                        lines.add(line);
                        notifyAll();
                    }
                }
            }
        } catch (IOException e) {
            // A killed process takes its pipe with it.
            LOG.debug("output of node {} ended", name, e);
        }
        synchronized (this) {
            notifyAll();
        }
    }

    /** Waits until it printed that it serves. */
    public void awaitReady(Duration limit) throws IOException, InterruptedException {
        awaitLine(line -> line.equals("synod node " + name + " ready"), limit);
    }

    /**
     * Waits until this start of the process printed a line that satisfies the condition.
     *
     * @throws IOException when it ends or the limit passes before; the message holds what it wrote to standard error
     */
    public synchronized String awaitLine(Predicate<String> condition, Duration limit)
            throws IOException, InterruptedException {
        long deadlineNanos = System.nanoTime() + limit.toNanos();
        for (int seen = 0; ; ) {
            for (; seen < lines.size(); seen++) {
                if (condition.test(lines.get(seen))) {
                    return lines.get(seen);
                }
            }
            long leftMillis = TimeUnit.NANOSECONDS.toMillis(deadlineNanos - System.nanoTime());
            if (!isAlive() && seen == lines.size()) {
                throw new IOException(
                        "node " + name + " ended with " + process.exitValue() + "; it wrote: " + errors());
            }
            if (leftMillis <= 0) {
                throw new IOException("node " + name + " did not print what was awaited within " + limit.toMillis()
                        + " ms; its output: " + lines + ", its errors: " + errors());
            }
            wait(Math.min(leftMillis, 100));
        }
    }

    /** What this start of the process printed so far. */
    public synchronized List<String> lines() {
        return List.copyOf(lines);
    }

    /** What all its starts wrote to standard error, the end of it if it is long. */
    public String errors() {
        try {
            String text = Files.exists(errors) ? Files.readString(errors).strip() : "";
            return text.length() <= 4_000 ? text : "… " + text.substring(text.length() - 4_000);
        } catch (IOException e) {
            return "(unreadable: " + e.getMessage() + ")";
        }
    }

    public synchronized boolean isAlive() {
        return process != null && process.isAlive();
    }

    /** {@code kill -9}: it ends at once, with nothing written that was not written before. */
    public void kill() {
        Process killed = current();
        if (killed != null) {
            killed.destroyForcibly();
            waitFor(killed);
        }
    }

    /**
     * SIGTERM, and waits for the end.
     *
     * @return its exit code
     */
    public int stop(Duration limit) throws IOException, InterruptedException {
        Process stopped = current();
        if (stopped == null) {
            throw new IllegalStateException("node " + name + " was never started");
        }
        // Not the process's own destroy(): that closes its standard input as well, which is the sign of a parent's
        // death.
        stopped.toHandle().destroy();
        if (!stopped.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
            throw new IOException("node " + name + " did not end within " + limit.toMillis() + " ms of SIGTERM");
        }
        return stopped.exitValue();
    }

    /** SIGSTOP: when this returns it stands still, where /proc tells that; its sockets stay open. */
    public void pause() throws IOException, InterruptedException {
        signal("STOP");
        // The signal is only on its way then: threads that run go on for a moment.
        Path threads = Path.of("/proc", Long.toString(current().pid()), "task");
        long deadline = System.nanoTime() + STOP_LIMIT_NANOS;
        while (Files.isDirectory(threads) && !allStopped(threads)) {
            if (System.nanoTime() > deadline) {
                throw new IOException("node " + name + " does not stand still after kill -STOP");
            }
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
        }
    }

    private static boolean allStopped(Path threads) throws IOException {
        try (DirectoryStream<Path> all = Files.newDirectoryStream(threads)) {
            for (Path thread : all) {
                String stat = Files.readString(thread.resolve("stat"));
                // The state stands behind the name, which is in parentheses and may have some itself.
                if (stat.charAt(stat.lastIndexOf(')') + 2) != 'T') {
                    return false;
                }
            }
            return true;
        } catch (NoSuchFileException | DirectoryIteratorException e) {
            return false; // a thread has just ended
        }
    }

    /** SIGCONT. */
    public void resume() throws IOException, InterruptedException {
        signal("CONT");
    }

    private void signal(String signal) throws IOException, InterruptedException {
        Process target = current();
        if (target == null || !target.isAlive()) {
            throw new IllegalStateException("node " + name + " does not run");
        }
        int code = new ProcessBuilder("kill", "-" + signal, Long.toString(target.pid()))
                .inheritIO()
                .start()
                .waitFor();
        if (code != 0) {
            throw new IOException("kill -" + signal + " of node " + name + " ended with " + code);
        }
    }

    private synchronized Process current() {
        return process;
    }

    private static void waitFor(Process ending) {
        boolean interrupted = false;
        while (ending.isAlive()) {
            try {
                ending.waitFor();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
