package io.synod.sample;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** One instance of the application: a process of its own, with a node of its own, reached over HTTP. */
final class Instance {
    /** One that was killed refuses or resets at once; one that lives may have much to do. */
    static final Duration LIMIT = Duration.ofSeconds(360);

    private final String name;
    private final int httpPort;
    private final List<String> command;
    private final Path output;
    private final HttpClient http =
            HttpClient.newBuilder().connectTimeout(LIMIT).build();
    private Process process;

    Instance(String name, int httpPort, String databaseUrl, Path directory) {
        this.name = name;
        this.httpPort = httpPort;
        this.output = directory.resolve(name + ".out");
        this.command = List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                SampleApplication.class.getName(),
                "--spring.datasource.url=" + databaseUrl,
                "--server.port=" + httpPort);
    }

    String name() {
        return name;
    }

    void start() throws IOException {
        process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(output.toFile()))
                .start();
    }

    /** What {@code kill -9} does. */
    void kill() throws InterruptedException {
        process.destroyForcibly().waitFor();
    }

    boolean isAlive() {
        return process != null && process.isAlive();
    }

    Path output() {
        return output;
    }

    String get(String path) throws IOException, InterruptedException {
        return send(HttpRequest.newBuilder(uri(path)).GET());
    }

    void put(String path) throws IOException, InterruptedException {
        send(HttpRequest.newBuilder(uri(path)).PUT(HttpRequest.BodyPublishers.noBody()));
    }

    private URI uri(String path) {
        return URI.create("http://127.0.0.1:" + httpPort + path);
    }

    private String send(HttpRequest.Builder request) throws IOException, InterruptedException {
        HttpResponse<String> response = http.send(request.timeout(LIMIT).build(), HttpResponse.BodyHandlers.ofString());
        if (response.statusCode() != 200) {
            throw new IOException(name + " answered " + response.statusCode() + ": " + response.body());
        }
        return response.body();
    }
}
