package io.synod.bench.workload;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What a node's process takes, by {@code /proc} and {@code jcmd}; what these do not tell is a dash. */
record NodeMemory(String name, long pid) {
    private static final int JCMD_SECONDS = 60;
    private static final Pattern RESIDENT = Pattern.compile("VmRSS:\\s+(\\d+) kB");
    private static final Pattern THREADS = Pattern.compile("Threads:\\s+(\\d+)");
    private static final Pattern HEAP = Pattern.compile("\\bused (\\d+)K");

    /** A full collection: the node stands still for it. */
    void collect() throws IOException, InterruptedException {
        jcmd("GC.run");
    }

    /** MiB of heap that a full collection leaves; −1 where it is not known. */
    long collectedHeap() throws IOException, InterruptedException {
        collect();
        String heap = heap(jcmd("GC.heap_info"));
        return heap.equals("-") ? -1 : Long.parseLong(heap);
    }

    /** Name, resident MiB, MiB of heap in use, threads. */
    String now() throws IOException, InterruptedException {
        String heap = jcmd("GC.heap_info");
        Path status = Path.of("/proc", Long.toString(pid), "status");
        String text = Files.exists(status) ? Files.readString(status) : "";
        return name + " " + mib(first(RESIDENT, text)) + " " + heap(heap) + " " + first(THREADS, text);
    }

    private String jcmd(String command) throws IOException, InterruptedException {
        Path tool = Path.of(System.getProperty("java.home"), "bin", "jcmd");
        if (!Files.isExecutable(tool)) {
            return "";
        }
        Process process = new ProcessBuilder(tool.toString(), Long.toString(pid), command)
                .redirectErrorStream(true)
                .start();
        // Its few lines fit into the pipe. A node that hangs does not answer, and is not waited for for ever.
        if (!process.waitFor(JCMD_SECONDS, TimeUnit.SECONDS)) {
            process.destroyForcibly().waitFor();
            return "";
        }
        return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }

    boolean isAlive() {
        return ProcessHandle.of(pid).map(ProcessHandle::isAlive).orElse(false);
    }

    private static String first(Pattern pattern, String text) {
        Matcher matcher = pattern.matcher(text);
        return matcher.find() ? matcher.group(1) : "-";
    }

    /** Of each generation, or of the whole, whichever the collector tells. */
    private static String heap(String info) {
        int end = info.indexOf("Metaspace");
        Matcher matcher = HEAP.matcher(end < 0 ? info : info.substring(0, end));
        long kib = -1;
        while (matcher.find()) {
            kib = Math.max(kib, 0) + Long.parseLong(matcher.group(1));
        }
        return kib < 0 ? "-" : Long.toString(kib >> 10);
    }

    private static String mib(String kib) {
        return kib.equals("-") ? kib : Long.toString(Long.parseLong(kib) >> 10);
    }
}
