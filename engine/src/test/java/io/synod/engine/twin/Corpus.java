package io.synod.engine.twin;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * The statements of a topic, in a file {@code twin/TOPIC.sql}. A statement ends with a semicolon at the end of a line, so that
 * one line may hold several; between two {@code $$} no line ends it. Lines before it that begin with {@code --!} say how it is
 * run:
 *
 * <pre>
 * --! session NAME          from here on, on this connection (the first is "main")
 * --! user NAME PASSWORD    the connection is that user's, opened anew
 * --! fails STATE           stock H2 fails with this SQLState
 * --! refused WORDS         Synod refuses it with 0A000 and these words; stock H2 does not run it
 * --! differs NAME          docs/differences.md says under this name why one of the next three stands here
 * --! any message           an error's text is not compared; its state, code and class are
 * --! mask 1,2              values of these columns are compared by class only
 * --! unordered             rows in any order
 * --! keys [A,B]            with generated keys, or these columns
 * --! with 1, 'x'           prepared, with these values; several lines are a batch
 * </pre>
 */
final class Corpus {
    /** How a statement is run and compared. */
    record Step(
            String topic,
            int line,
            String session,
            String user,
            String sql,
            String fails,
            String refused,
            String differs,
            boolean anyMessage,
            Set<Integer> masked,
            boolean unordered,
            List<String> keys,
            List<String> parameters) {
        String where() {
            return topic + ".sql:" + line;
        }
    }

    private Corpus() {}

    /** Topics by name. */
    static Map<String, List<Step>> all() {
        Map<String, List<Step>> topics = new TreeMap<>();
        Path directory;
        try {
            directory = Path.of(Corpus.class.getResource("/twin").toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
        try (Stream<Path> files = Files.list(directory)) {
            for (Path file : files.filter(f -> f.toString().endsWith(".sql")).toList()) {
                String name = file.getFileName().toString().replace(".sql", "");
                topics.put(name, new Parser(name).parse(Files.readAllLines(file)));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return topics;
    }

    private static final class Parser {
        private final String topic;
        private final List<Step> steps = new ArrayList<>();
        private String session = "main";
        private String user;
        private String fails;
        private String refused;
        private String differs;
        private boolean anyMessage;
        private final Set<Integer> masked = new TreeSet<>();
        private boolean unordered;
        private List<String> keys;
        private final List<String> parameters = new ArrayList<>();

        Parser(String topic) {
            this.topic = topic;
        }

        List<Step> parse(List<String> lines) {
            StringBuilder sql = new StringBuilder();
            int first = 0;
            boolean inDollars = false;
            for (int i = 0; i < lines.size(); i++) {
                String line = lines.get(i);
                if (sql.isEmpty()) {
                    if (line.startsWith("--!")) {
                        directive(line.substring(3).strip(), i + 1);
                        continue;
                    }
                    if (line.isBlank() || line.startsWith("-- ")) {
                        continue;
                    }
                    first = i + 1;
                }
                sql.append(sql.isEmpty() ? "" : "\n").append(line);
                inDollars ^= line.split("\\$\\$", -1).length % 2 == 0;
                if (!inDollars && line.endsWith(";")) {
                    add(sql.substring(0, sql.length() - 1), first);
                    sql.setLength(0);
                }
            }
            if (!sql.isEmpty()) {
                throw new IllegalArgumentException(topic + ".sql:" + first + ": no semicolon ends this");
            }
            return steps;
        }

        private void directive(String text, int line) {
            int space = text.indexOf(' ');
            String word = space < 0 ? text : text.substring(0, space);
            String rest = space < 0 ? "" : text.substring(space + 1).strip();
            switch (word) {
                case "session" -> session = rest;
                case "user" -> user = rest;
                case "fails" -> fails = rest;
                case "refused" -> refused = rest;
                case "differs" -> differs = rest;
                case "any" -> anyMessage = rest.equals("message");
                case "mask" ->
                    Arrays.stream(rest.split(",")).map(Integer::valueOf).forEach(masked::add);
                case "unordered" -> unordered = true;
                case "keys" -> keys = rest.isEmpty() ? List.of() : List.of(rest.split(","));
                case "with" -> parameters.add(rest);
                default -> throw new IllegalArgumentException(topic + ".sql:" + line + ": no such directive: " + word);
            }
        }

        private void add(String sql, int line) {
            if (differs != null && !anyMessage && masked.isEmpty() && !unordered) {
                throw new IllegalArgumentException(
                        topic + ".sql:" + line + ": differs " + differs + ", but nothing says in what");
            }
            steps.add(new Step(
                    topic,
                    line,
                    session,
                    user,
                    sql,
                    fails,
                    refused,
                    differs,
                    anyMessage,
                    Set.copyOf(masked),
                    unordered,
                    keys,
                    List.copyOf(parameters)));
            user = null;
            fails = null;
            refused = null;
            differs = null;
            anyMessage = false;
            masked.clear();
            unordered = false;
            keys = null;
            parameters.clear();
        }
    }
}
