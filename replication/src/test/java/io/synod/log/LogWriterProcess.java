package io.synod.log;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

/** A process of its own that plays a {@link LogScript} into a log and prints the number of each batch that is forced. */
final class LogWriterProcess implements AutoCloseable {
    private final Process process;
    private final BufferedReader acknowledged;

    LogWriterProcess(Path directory, long seed) throws IOException {
        process = new ProcessBuilder(List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:TieredStopAtLevel=1",
                        "-Xmx128m",
                        "-cp",
                        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                        LogWriterProcess.class.getName(),
                        directory.toString(),
                        Long.toString(seed)))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        acknowledged = process.inputReader(StandardCharsets.UTF_8);
    }

    public static void main(String[] args) throws IOException {
        LogScript script = new LogScript(Long.parseLong(args[1]));
        ChronicleEntryLog log = ChronicleEntryLog.open(Path.of(args[0]), ChronicleEntryLogTest.SMALL);
        while (true) {
            log.append(script.next());
            log.force();
            System.out.println(script.batches());
        }
    }

    long pid() {
        return process.pid();
    }

    /** Waits for this many, then kills it; returns how many were acknowledged in the end. */
    int killAfter(int batches) throws Exception {
        int last = awaitAcknowledged(batches);
        // Through the handle: Process.destroyForcibly would close the stream that is still to be read.
        process.toHandle().destroyForcibly();
        for (String line = acknowledged.readLine(); line != null; line = acknowledged.readLine()) {
            // The last line may be cut.
            if (line.equals(Integer.toString(last + 1))) {
                last++;
            }
        }
        process.waitFor();
        return last;
    }

    int awaitAcknowledged(int batches) throws IOException {
        int last = 0;
        while (last < batches) {
            String line = acknowledged.readLine();
            if (line == null) {
                throw new IOException("the writer died after " + last + " batches");
            }
            last = Integer.parseInt(line);
        }
        return last;
    }

    @Override
    public void close() {
        process.destroyForcibly().onExit().join();
    }
}
