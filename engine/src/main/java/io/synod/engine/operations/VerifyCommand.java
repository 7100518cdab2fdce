package io.synod.engine.operations;

import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

@Command(
        name = "verify",
        mixinStandardHelpOptions = true,
        versionProvider = SynodCommand.Version.class,
        description = {
            "Compares all members at one index of the log: the rows of every table, the catalogue, the sequences.",
            "Exit code 0: all equal; 1: they differ (each difference is printed), or not all could be compared."
        })
final class VerifyCommand implements Callable<Integer> {
    @Mixin
    private ConnectionOptions database;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        PrintWriter out = spec.commandLine().getOut();
        Verification result = Verification.run(database);
        result.differences().forEach(out::println);
        out.println(result.summary());
        return result.equal() ? 0 : SynodCommand.FAILED;
    }
}
