package io.synod.engine.operations;

import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.sql.SQLException;
import java.util.Properties;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * The command line {@code synod}. Exit codes: 0 done and as it should be; 1 it ran and the answer is no, or it failed (one
 * line on standard error says what and what to do); 2 it was called in a wrong way.
 */
@Command(
        name = "synod",
        description = "A replicated SQL database in the processes of your application.",
        versionProvider = SynodCommand.Version.class,
        mixinStandardHelpOptions = true,
        subcommands = {
            NodeCommand.class,
            StatusCommand.class,
            MemberCommand.class,
            TransferCommand.class,
            SqlCommand.class,
            VerifyCommand.class,
            SpaceCommand.class,
            ScrubCommand.class,
            ResolveCommand.class,
            DemoCommand.class
        })
public final class SynodCommand implements Runnable {
    /** It ran, and the answer is no, or it failed. */
    static final int FAILED = 1;

    @Spec
    private CommandLine.Model.CommandSpec spec;

    /** Runs one command and exits with its code. */
    public static void main(String[] args) {
        configureLogging();
        int code = run(new PrintWriter(System.out, true), new PrintWriter(System.err, true), args);
        System.out.flush();
        System.exit(code);
    }

    static int run(PrintWriter out, PrintWriter err, String... args) {
        CommandLine command = new CommandLine(new SynodCommand())
                .setOut(out)
                .setErr(err)
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setExecutionExceptionHandler((failure, failed, parsed) -> {
                    failed.getErr().println(oneLine(failure));
                    return FAILED;
                })
                .setParameterExceptionHandler(SynodCommand::explainUsage);
        return command.execute(args);
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "a command is missing");
    }

    private static int explainUsage(ParameterException wrong, String[] args) {
        CommandLine command = wrong.getCommandLine();
        command.getErr()
                .println("synod: " + firstLine(wrong.getMessage()) + "; '"
                        + command.getCommandSpec().qualifiedName() + " --help' shows what is possible");
        return command.getCommandSpec().exitCodeOnInvalidInput();
    }

    /** A failure as one line for a user: what happened, and the SQLState where there is one. */
    static String oneLine(Throwable failure) {
        Throwable cause = failure;
        while (cause.getMessage() == null && cause.getCause() != null) {
            cause = cause.getCause();
        }
        String text = cause.getMessage() == null ? cause.toString() : firstLine(cause.getMessage());
        if (cause instanceof SQLException sql && sql.getSQLState() != null) {
            text += " [" + sql.getSQLState() + "]";
        }
        return "synod: " + text;
    }

    private static String firstLine(String message) {
        return message.strip().replaceAll("\\s*[\\r\\n]+\\s*", " ");
    }

    /** The command line's output is its own; of the log only warnings are shown, on standard error, with their time. */
    private static void configureLogging() {
        setIfAbsent("org.slf4j.simpleLogger.defaultLogLevel", "warn");
        setIfAbsent("org.slf4j.simpleLogger.showDateTime", "true");
        setIfAbsent("org.slf4j.simpleLogger.dateTimeFormat", "yyyy-MM-dd HH:mm:ss.SSS");
        setIfAbsent("org.slf4j.simpleLogger.showThreadName", "false");
        setIfAbsent("org.slf4j.simpleLogger.showShortLogName", "true");
        setIfAbsent("slf4j.internal.verbosity", "WARN");
    }

    private static void setIfAbsent(String key, String value) {
        if (System.getProperty(key) == null) {
            System.setProperty(key, value);
        }
    }

    /** The version that the build wrote down. */
    static final class Version implements IVersionProvider {
        @Override
        public String[] getVersion() {
            Properties properties = new Properties();
            try (InputStream in = SynodCommand.class.getResourceAsStream("version.properties")) {
                properties.load(in);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            return new String[] {"synod " + properties.getProperty("version")};
        }
    }
}
