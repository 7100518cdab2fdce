package io.synod.bench;

import io.synod.bench.failover.FailoverMeter;
import io.synod.bench.floor.FloorCommand;
import io.synod.bench.tpch.TpchCommand;
import io.synod.bench.workload.AsyncCommand;
import io.synod.bench.workload.NeighboursCommand;
import io.synod.bench.workload.OverloadCommand;
import io.synod.bench.workload.WorkloadCommand;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code java -jar benchmarks/target/benchmarks.jar}: everything in here that can be measured. */
@Command(
        name = "benchmarks",
        mixinStandardHelpOptions = true,
        description = "Measures Synod; docs/performance.md has the commands.",
        subcommands = {
            FloorCommand.class,
            WorkloadCommand.class,
            AsyncCommand.class,
            NeighboursCommand.class,
            OverloadCommand.class,
            FailoverMeter.class,
            TpchCommand.class
        })
public final class BenchCommand {
    /** Runs one measurement and exits with its code. */
    public static void main(String[] args) {
        System.exit(new CommandLine(new BenchCommand())
                .setExecutionExceptionHandler((failure, command, parsed) -> {
                    failure.printStackTrace(command.getErr());
                    return 1;
                })
                .execute(args));
    }

    /** The micro-benchmarks, with JMH's own options. */
    @Command(
            name = "jmh",
            description = "runs micro-benchmarks: a pattern of names, and JMH's own options ('jmh -- -h' lists them)")
    int jmh(@Parameters(arity = "0..*", paramLabel = "JMH-OPTION") List<String> options) throws Exception {
        org.openjdk.jmh.Main.main(options == null ? new String[0] : options.toArray(String[]::new));
        return 0;
    }
}
