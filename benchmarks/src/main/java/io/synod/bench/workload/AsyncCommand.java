package io.synod.bench.workload;

import io.synod.bench.Round;
import io.synod.jdbc.SynodConnection;
import java.io.PrintWriter;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code java -jar benchmarks/target/benchmarks.jar async --url jdbc:synod://…}. */
@Command(
        name = "async",
        mixinStandardHelpOptions = true,
        showDefaultValues = true,
        description = {
            "One thread with several connections inserts one row on each and commits them: one after the other, and with",
            "commitAsync() all at a time. Rounds of both are interleaved; an operation is one commit."
        })
public final class AsyncCommand implements Callable<Integer> {
    @Mixin
    private Login login;

    @Option(names = "--connections", defaultValue = "16")
    private int connections;

    @Option(names = "--seconds", defaultValue = "5", description = "of a round")
    private int seconds;

    @Option(names = "--rounds", defaultValue = "5")
    private int rounds;

    @Spec
    private CommandSpec spec;

    private long nextId;

    /** A connection with its statement. */
    private record Writer(SynodConnection connection, PreparedStatement insert) {}

    @Override
    public Integer call() throws Exception {
        PrintWriter out = spec.commandLine().getOut();
        List<Writer> writers = new ArrayList<>();
        try {
            try (Connection first = DriverManager.getConnection(login.url, login.user, login.password)) {
                Workloads.execute(
                        first,
                        "DROP TABLE IF EXISTS BENCH_ASYNC",
                        "CREATE TABLE BENCH_ASYNC(ID BIGINT PRIMARY KEY, PAYLOAD VARCHAR(100) NOT NULL)");
            }
            for (int i = 0; i < connections; i++) {
                Connection c = DriverManager.getConnection(login.url, login.user, login.password);
                c.setAutoCommit(false);
                writers.add(new Writer(
                        c.unwrap(SynodConnection.class),
                        c.prepareStatement("INSERT INTO BENCH_ASYNC(ID, PAYLOAD) VALUES (?, 'x')")));
            }
            // The first round of each is the warm-up.
            for (int i = 0; i <= rounds; i++) {
                for (boolean async : new boolean[] {false, true}) {
                    Round round = round(writers, async);
                    if (i > 0) {
                        out.println("  " + round.line());
                        out.flush();
                    }
                }
            }
        } finally {
            for (Writer writer : writers) {
                writer.connection().close();
            }
        }
        return 0;
    }

    private Round round(List<Writer> writers, boolean async) throws Exception {
        Histogram latency = new Histogram(3);
        long start = System.nanoTime();
        long end = start + TimeUnit.SECONDS.toNanos(seconds);
        while (System.nanoTime() < end) {
            List<CompletableFuture<Void>> commits = new ArrayList<>();
            for (Writer writer : writers) {
                long before = System.nanoTime();
                insert(writer);
                if (async) {
                    commits.add(writer.connection()
                            .commitAsync()
                            .thenRun(() -> record(latency, before))
                            .toCompletableFuture());
                } else {
                    writer.connection().commit();
                    record(latency, before);
                }
            }
            for (CompletableFuture<Void> commit : commits) {
                commit.get();
            }
        }
        return Round.of(async ? "async" : "commit", List.of(latency), 0, System.nanoTime() - start, Map.of());
    }

    private static void record(Histogram latency, long before) {
        synchronized (latency) {
            latency.recordValue(System.nanoTime() - before);
        }
    }

    private void insert(Writer writer) throws SQLException {
        writer.insert().setLong(1, nextId++);
        writer.insert().executeUpdate();
    }
}
