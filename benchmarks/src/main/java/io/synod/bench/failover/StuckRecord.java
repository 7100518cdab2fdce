package io.synod.bench.failover;

import io.synod.bench.Leadership;
import io.synod.engine.operations.ClusterProcesses;
import io.synod.engine.operations.NodeProcess;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** What is written down while a client waits and nobody knows why: threads of the clients and of each node, and who leads by whose word. */
final class StuckRecord {
    private static final int LIMIT_SECONDS = 10;

    private StuckRecord() {}

    /** @return the file that holds it */
    static Path write(Path directory, String why, List<CommitClient> clients, ClusterProcesses cluster)
            throws IOException, InterruptedException {
        Path file = Files.createTempFile(directory, "stuck-", ".txt");
        StringBuilder text = new StringBuilder(Instant.now() + " " + why + "\n\n");
        for (CommitClient client : clients) {
            text.append(client.state()).append('\n');
        }
        text.append("\nthreads of the clients' process\n");
        for (Map.Entry<Thread, StackTraceElement[]> thread :
                Thread.getAllStackTraces().entrySet()) {
            text.append('\n')
                    .append(thread.getKey().getName())
                    .append(", ")
                    .append(thread.getKey().getState())
                    .append('\n');
            for (StackTraceElement frame : thread.getValue()) {
                text.append("    at ").append(frame).append('\n');
            }
        }
        for (NodeProcess node : cluster.nodes()) {
            Path threads = directory.resolve(file.getFileName() + "." + node.name());
            text.append("\nnode ")
                    .append(node.name())
                    .append(node.isAlive() ? " runs" : " does not run")
                    .append("; who leads, by its word: ")
                    .append(leader(cluster.url(node.name())))
                    .append("; its threads: ")
                    .append(node.isAlive() ? threads(node, threads) : "none");
        }
        Files.writeString(file, text.append('\n'));
        return file;
    }

    private static String leader(String url) throws InterruptedException {
        CompletableFuture<String> answer = new CompletableFuture<>();
        // A thread of its own, which may wait for ever: that is what may be wrong.
        Thread asking = new Thread(
                () -> {
                    try (Connection connection = DriverManager.getConnection(url + ";READ=LOCAL", "sa", "")) {
                        answer.complete(String.valueOf(Leadership.of(connection)));
                    } catch (SQLException e) {
                        answer.complete(e.toString());
                    }
                },
                "who-leads");
        asking.setDaemon(true);
        asking.start();
        try {
            return answer.get(LIMIT_SECONDS, TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            return "no answer within " + LIMIT_SECONDS + " s";
        } catch (ExecutionException e) {
            return e.toString();
        }
    }

    private static String threads(NodeProcess node, Path file) throws IOException, InterruptedException {
        Path tool = Path.of(System.getProperty("java.home"), "bin", "jcmd");
        if (!Files.isExecutable(tool) || node.pid().isEmpty()) {
            return "no jcmd to ask with";
        }
        Process process = new ProcessBuilder(
                        tool.toString(), Long.toString(node.pid().getAsLong()), "Thread.print", "-l")
                .redirectErrorStream(true)
                .redirectOutput(file.toFile())
                .start();
        if (!process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            Files.writeString(file, "no answer within " + LIMIT_SECONDS + " s\n", StandardCharsets.UTF_8);
        }
        return file.getFileName().toString();
    }
}
