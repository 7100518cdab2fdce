package io.synod.engine.snapshot;

import io.synod.engine.writeset.IndexCheck;
import io.synod.engine.writeset.Member;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.h2.engine.SessionLocal;
import org.h2.jdbc.JdbcConnection;

/**
 * Kills a {@link KillWriter} with -9 again and again, and looks at what is left after each: every index against its table,
 * and everything against the log replayed in memory; closed, opened again and looked at again. All on a copy: the next
 * writer goes on from what the kill left.
 *
 * <p>By hand, for the table in docs/guarantees.md (from the class path of the tests):
 *
 * <pre>java -cp … io.synod.engine.snapshot.KillRounds synod|reclaim|h2 KILLS [SEED [MIN_MILLIS MAX_MILLIS]]</pre>
 *
 * A kill falls between the two times after the writer has begun to write, one in five around its opening of the file. H2
 * writes to its file twice a second by default: give it some seconds, or there is nothing to damage.
 */
public final class KillRounds {
    private static final int LATEST_MILLIS = 10_000;

    private final String kind;
    private final boolean synod;
    private final Path directory;
    private final Random random;
    private int minMillis;
    private int maxMillis;
    private final List<Long> pausesMicros = new ArrayList<>();
    private Member model;
    private int round;
    private int transactions;
    private int foundBefore;
    private int failedCheckpoints;

    /** @param kind {@code synod}, {@code reclaim} (Synod that reclaims space again and again) or {@code h2} */
    KillRounds(String kind, Path directory, long seed, int minMillis, int maxMillis) {
        this.kind = kind;
        this.synod = !kind.equals("h2");
        this.directory = directory;
        this.minMillis = minMillis;
        this.maxMillis = maxMillis;
        this.random = new Random(seed);
    }

    public static void main(String[] args) throws Exception {
        int kills = Integer.parseInt(args[1]);
        long seed = args.length > 2 ? Long.parseLong(args[2]) : System.nanoTime();
        Path directory = Files.createTempDirectory("kill");
        int minMillis = args.length > 3 ? Integer.parseInt(args[3]) : 1500;
        int maxMillis = args.length > 4 ? Integer.parseInt(args[4]) : 3500;
        KillRounds rounds = new KillRounds(args[0], directory.resolve("work"), seed, minMillis, maxMillis);
        int bad = 0;
        for (int i = 1; i <= kills; i++) {
            String damage = rounds.killAndCheck();
            if (damage != null) {
                bad++;
                System.out.println("kill " + i + ": " + damage);
                delete(rounds.directory); // go on with a new file
            }
        }
        System.out.println(
                args[0] + ", seed " + seed + ": " + bad + " of " + kills + " kills with damage; " + rounds.summary());
        if (bad == 0) {
            delete(directory);
        }
    }

    String summary() {
        pausesMicros.sort(null);
        return transactions + " transactions found"
                + (pausesMicros.isEmpty()
                        ? ""
                        : ", " + pausesMicros.size() + " checkpoints, pause median "
                                + pausesMicros.get(pausesMicros.size() / 2)
                                + " µs, p99 " + pausesMicros.get(pausesMicros.size() * 99 / 100) + " µs, longest "
                                + pausesMicros.get(pausesMicros.size() - 1) + " µs, " + failedCheckpoints + " put off");
    }

    /** From now on the writer gets twice the time. */
    void killLater() {
        if (maxMillis < LATEST_MILLIS) {
            minMillis *= 2;
            maxMillis *= 2;
        }
    }

    int checkpoints() {
        return pausesMicros.size();
    }

    int transactions() {
        return transactions;
    }

    /** @return what is damaged; {@code null} when all is well */
    String killAndCheck() throws Exception {
        Files.createDirectories(directory);
        runAndKill();
        // A new place each time: H2 may not have let go of a damaged one.
        Path copy = directory.resolveSibling("copy" + ++round);
        copy(directory, copy);
        try {
            int found = synod ? checkSynod(copy) : checkH2(copy);
            transactions += Math.max(0, found - foundBefore);
            foundBefore = found;
            delete(copy);
            return null;
        } catch (SQLException | RuntimeException | AssertionError e) {
            foundBefore = 0;
            model = null; // the next file begins another log
            String message = e.toString();
            return message.substring(0, Math.min(message.length(), 500)) + " (" + copy + ", at "
                    + Arrays.stream(e.getStackTrace())
                            .filter(f -> f.getClassName().startsWith("io.synod"))
                            .map(f -> f.getMethodName() + ":" + f.getLineNumber())
                            .toList()
                    + ")";
        }
    }

    private void runAndKill() throws Exception {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx300m",
                        "-XX:+UseSerialGC",
                        "-XX:TieredStopAtLevel=1",
                        "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
                        "-cp",
                        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                        KillWriter.class.getName(),
                        kind,
                        directory.toString(),
                        Long.toString(random.nextLong() >>> 8))
                .redirectErrorStream(true)
                .start();
        boolean aroundOpen = random.nextInt(5) == 0;
        CountDownLatch reached = new CountDownLatch(1);
        StringBuffer unexpected = new StringBuffer();
        Thread reader = new Thread(() -> read(process, aroundOpen ? "opening" : "writing", reached, unexpected));
        reader.start();
        boolean ready = reached.await(60, TimeUnit.SECONDS);
        int millis = aroundOpen ? random.nextInt(minMillis) : minMillis + random.nextInt(maxMillis - minMillis);
        boolean ended = process.waitFor(millis, TimeUnit.MILLISECONDS);
        process.destroyForcibly().waitFor();
        reader.join();
        if (!ready || ended) {
            throw new IllegalStateException("the writer did not write: " + unexpected);
        }
    }

    private void read(Process process, String awaited, CountDownLatch reached, StringBuffer unexpected) {
        try (BufferedReader lines = process.inputReader()) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                if (line.equals("checkpoint none")) {
                    failedCheckpoints++;
                } else if (line.startsWith("checkpoint ")) {
                    pausesMicros.add(Long.parseLong(line.substring(11)));
                } else if (line.equals(awaited)) {
                    reached.countDown();
                } else if (!line.equals("opening")) {
                    unexpected.append(line).append('\n');
                }
            }
        } catch (IOException e) {
            unexpected.append(e); // the pipe of a killed process may break
        }
    }

    private int checkSynod(Path copy) throws SQLException, IOException {
        int commits = 0;
        for (int round = 0; round < 2; round++) {
            try (Member member = Member.onFile(copy.resolve("db"));
                    PlainLog log = new PlainLog(copy.resolve("log"))) {
                look(member, log); // the checkpoint as it is
                KillWriter.replay(member, log.records());
                if (member.state.appliedIndex() != log.records().size()) {
                    throw new IllegalStateException("applied " + member.state.appliedIndex() + ", log ends at "
                            + log.records().size());
                }
                look(member, log);
                commits = Math.max(0, log.records().size() - KillWriter.DDL.length - 1);
                member.store.close();
            }
        }
        return commits;
    }

    /** What is there must be what the log says, replayed in memory. */
    private void look(Member member, PlainLog log) throws SQLException {
        IndexCheck.check(member.store.database(), member.system);
        int applied = (int) member.state.appliedIndex();
        if (model == null || model.state.appliedIndex() > applied) {
            model = Member.inMemory();
        }
        KillWriter.replay(model, log.records().subList(0, applied));
        if (!member.dump().equals(model.dump())) {
            throw new IllegalStateException("the rows are not those of the log up to " + applied);
        }
    }

    private int checkH2(Path copy) throws SQLException {
        long counted = 0;
        for (int round = 0; round < 2; round++) {
            String url = "jdbc:h2:file:" + copy.resolve("db").toAbsolutePath();
            try (Connection connection = DriverManager.getConnection(url)) {
                SessionLocal session = (SessionLocal) ((JdbcConnection) connection).getSession();
                try (ResultSet tables = connection.getMetaData().getTables(null, "PUBLIC", "COUNTER", null)) {
                    if (!tables.next()) {
                        return 0; // killed before the first store: H2 promises no more
                    }
                }
                IndexCheck.check(session.getDatabase(), session);
                counted = compareTables(connection);
                Member.execute(connection, "SHUTDOWN");
            }
        }
        return (int) counted;
    }

    /** @return the sum of the counters */
    private static long compareTables(Connection connection) throws SQLException {
        long differing = value(
                connection,
                "SELECT (SELECT COUNT(*) FROM T) + (SELECT COUNT(*) FROM S)"
                        + " - 2 * (SELECT COUNT(*) FROM T JOIN S ON T.ID = S.ID AND T.V = S.V)");
        if (differing != 0) {
            throw new IllegalStateException(differing + " rows are in one table only, or differ");
        }
        return value(connection, "SELECT SUM(N) FROM COUNTER");
    }

    private static long value(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet result = statement.executeQuery(sql)) {
            result.next();
            return result.getLong(1);
        }
    }

    private static void copy(Path from, Path to) throws IOException {
        Files.createDirectories(to);
        try (Stream<Path> files = Files.list(from)) {
            for (Path file : files.toList()) {
                Files.copy(file, to.resolve(file.getFileName()), StandardCopyOption.REPLACE_EXISTING);
            }
        }
    }

    private static void delete(Path tree) throws IOException {
        if (Files.exists(tree)) {
            try (Stream<Path> files = Files.walk(tree)) {
                for (Path file :
                        files.sorted(java.util.Comparator.reverseOrder()).toList()) {
                    Files.delete(file);
                }
            }
        }
    }
}
