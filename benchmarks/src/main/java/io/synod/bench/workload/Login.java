package io.synod.bench.workload;

import picocli.CommandLine.Option;

/** The database that a command measures, and as whom; a mixin of its options. */
final class Login {
    @Option(names = "--url", required = true, paramLabel = "JDBC-URL")
    String url;

    @Option(names = "--user", defaultValue = "sa")
    String user;

    @Option(names = "--password", defaultValue = "")
    String password;
}
