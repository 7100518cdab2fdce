package io.synod.bench.workload;

import io.synod.bench.Round;
import io.synod.bench.floor.Floor;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * {@code java -jar benchmarks/target/benchmarks.jar workload --url jdbc:synod://… --floor}. Other databases: put their
 * driver on the class path, {@code java -cp benchmarks/target/benchmarks.jar:postgresql.jar io.synod.bench.BenchCommand
 * workload …}.
 */
@Command(
        name = "workload",
        mixinStandardHelpOptions = true,
        showDefaultValues = true,
        description = {
            "Runs a workload in a closed loop through a JDBC URL; tables BENCH_* are made anew. With --against and --floor",
            "the rounds are interleaved, and ratios are of rounds that stand side by side. INSERT: one row, one commit;",
            "READ: one row by primary key; ORDER: an order with lines, stock, balance; MIXED: nine reads to an order;",
            "LITERAL: READ with the key in the text; PREPARED_READ, PREPARED_UPDATE: prepared and closed for each row;",
            "ACROSS1, ACROSS2, ACROSS3: a row in each of as many databases, one commit; TABLES2, TABLES3: in tables of one;",
            "READING2, READING1: a row in one database, and one looked for in another, or in the same; TWO_PHASE: a row in",
            "each of two by PREPARE and COMMIT over a connection to each (Synod, H2; PostgreSQL with prepared transactions);",
            "METADATA: product, version, keywords."
        })
public final class WorkloadCommand implements Callable<Integer> {
    @Mixin
    private Login login;

    @Option(names = "--against", paramLabel = "JDBC-URL", description = "a second database, for ratios to it")
    private String against;

    @Option(names = "--against-user", defaultValue = "sa")
    private String againstUser;

    @Option(names = "--against-password", defaultValue = "")
    private String againstPassword;

    @Option(
            names = "--against-workload",
            paramLabel = "WORKLOAD",
            description = "what the second database does; without it, the same")
    private Workloads againstWorkload;

    @Option(names = "--floor", description = "interleave with the floor, too (see the command 'floor')")
    private boolean withFloor;

    @Option(names = "--floor-bytes", defaultValue = "256", description = "of one commit of the floor")
    private int floorBytes;

    @Option(names = "--dir", defaultValue = ".", description = "for the floor's files: on the disk of the databases")
    private Path directory;

    @Option(names = "--workload", defaultValue = "INSERT", description = "${COMPLETION-CANDIDATES}")
    private Workloads workload;

    @Option(names = "--clients", split = ",", defaultValue = "1")
    private List<Integer> clients;

    @Option(names = "--commits", description = "measures the commit of each transaction alone; for ACROSS* and TABLES*")
    private boolean commits;

    @Option(names = "--seconds", defaultValue = "5", description = "of a round")
    private int seconds;

    @Option(names = "--rounds", defaultValue = "5")
    private int rounds;

    @Option(names = "--warm-up", defaultValue = "5", paramLabel = "SECONDS", description = "before the first round")
    private int warmUpSeconds;

    @Option(names = "--json", paramLabel = "FILE", description = "writes all rounds and ratios there, as well")
    private Path json;

    @Spec
    private CommandSpec spec;

    private interface Runner {
        Round run(int clients, long nanos) throws Exception;
    }

    @Override
    public Integer call() throws Exception {
        PrintWriter out = spec.commandLine().getOut();
        WorkloadReport report = new WorkloadReport(workload, seconds);
        List<AutoCloseable> open = new ArrayList<>();
        try {
            List<Runner> runners = new ArrayList<>();
            runners.add(target("url", login.url, login.user, login.password, workload, open, report));
            if (against != null) {
                runners.add(target(
                        "against",
                        against,
                        againstUser,
                        againstPassword,
                        againstWorkload == null ? workload : againstWorkload,
                        open,
                        report));
            }
            if (withFloor) {
                Floor floor = new Floor(directory, floorBytes);
                open.add(floor);
                runners.add(floor::run);
            }
            for (int n : clients) {
                measure(n, runners, report, out);
            }
        } finally {
            Collections.reverse(open);
            for (AutoCloseable each : open) {
                each.close();
            }
        }
        if (json != null) {
            report.writeJson(json);
        }
        return 0;
    }

    private Runner target(
            String name,
            String at,
            String as,
            String password,
            Workloads work,
            List<AutoCloseable> open,
            WorkloadReport report)
            throws Exception {
        Workload created = work.create();
        if (commits && !created.tellsCommits()) {
            throw new ParameterException(
                    spec.commandLine(),
                    "--commits with workload " + work
                            + ", which has no commits of its own; use one of ACROSS1 to TWO_PHASE");
        }
        Target target = new Target(name, at, as, password, created, commits);
        open.add(target);
        target.prepare();
        report.target(name, at, target.product());
        return target::run;
    }

    private void measure(int n, List<Runner> runners, WorkloadReport report, PrintWriter out) throws Exception {
        out.printf("%s, %d clients, %d rounds of %d s%n", workload.name().toLowerCase(Locale.ROOT), n, rounds, seconds);
        out.flush();
        for (Runner runner : warmUpSeconds > 0 ? runners : List.<Runner>of()) {
            runner.run(n, TimeUnit.SECONDS.toNanos(warmUpSeconds));
        }
        List<Runner> order = new ArrayList<>(runners);
        for (int i = 0; i < rounds; i++) {
            List<Round> sideBySide = new ArrayList<>();
            for (Runner runner : order) {
                Round round = runner.run(n, TimeUnit.SECONDS.toNanos(seconds));
                sideBySide.add(round);
                out.println("  " + round.line());
                out.flush();
            }
            report.add(n, sideBySide);
            // What is measured first in one round is last in the next: a drift of the machine hits all alike.
            Collections.reverse(order);
        }
        report.ratios(n).forEach(line -> out.println("  " + line));
        out.flush();
    }
}
