package io.synod.engine.twin;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.engine.twin.Corpus.Step;
import java.io.InputStreamReader;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.ResultSet;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.h2.tools.Csv;
import org.h2.util.Utils;
import org.junit.jupiter.api.Test;

/** The corpus against H2's own list of what it knows, and its named differences against the documentation. */
class GrammarTest {
    /** These have tests of their own, because they end or change more than one database. */
    private static final Set<String> ELSEWHERE = Set.of(
            "BACKUP",
            "SHUTDOWN",
            "SET CLUSTER",
            "SET EXCLUSIVE",
            "SET DATABASE_EVENT_LISTENER",
            "SET JAVA_OBJECT_SERIALIZER",
            "SET LOCK_MODE",
            "SET MAX_LENGTH_INPLACE_LOB",
            "SET MAX_LOG_SIZE",
            "SET RETENTION_TIME",
            "SET WRITE_DELAY",
            "SET CACHE_SIZE",
            "SET DB_CLOSE_DELAY",
            "CREATE LINKED TABLE",
            "CREATE MATERIALIZED VIEW",
            "DROP MATERIALIZED VIEW",
            "REFRESH MATERIALIZED VIEW",
            "PREPARE COMMIT",
            "COMMIT TRANSACTION",
            "ROLLBACK TRANSACTION");

    @Test
    void every_command_of_h2_occurs_in_the_corpus() throws Exception {
        List<String> statements = statements();
        Set<String> missing = new TreeSet<>();
        for (String topic : topics("Commands")) {
            if (!ELSEWHERE.contains(topic)
                    && statements.stream().noneMatch(command(topic).asPredicate())) {
                missing.add(topic);
            }
        }
        assertEquals(Set.of(), missing);
    }

    @Test
    void every_function_of_h2_occurs_in_the_corpus() throws Exception {
        List<String> statements = statements();
        Set<String> missing = new TreeSet<>();
        List<String> functions = topics("Functions");
        functions.addAll(topics("Aggregate Functions"));
        functions.addAll(topics("Window Functions"));
        assertTrue(functions.size() > 200, functions.size() + " functions");
        for (String topic : functions) {
            String name = topic.split(" ")[0];
            if (statements.stream()
                    .noneMatch(Pattern.compile("\\b" + name + "\\b").asPredicate())) {
                missing.add(topic);
            }
        }
        assertEquals(Set.of(), missing);
    }

    @Test
    void every_difference_is_documented() throws Exception {
        String documentation = Files.readString(Path.of("..", "docs", "differences.md"));
        for (List<Step> steps : Corpus.all().values()) {
            for (Step step : steps) {
                if (step.differs() != null) {
                    assertTrue(documentation.contains("`" + step.differs() + "`"), step.where());
                }
            }
        }
    }

    private static List<String> statements() {
        List<String> all = new ArrayList<>();
        Corpus.all()
                .values()
                .forEach(steps -> steps.forEach(
                        step -> all.add(step.sql().toUpperCase(Locale.ROOT).strip())));
        return all;
    }

    /** The words of a topic, in their order. */
    private static Pattern command(String topic) {
        String words = switch (topic) {
            case "Explicit table" -> "TABLE ";
            case "Table value" -> "VALUES";
            case "MERGE USING" -> "MERGE INTO\\b.*\\bUSING";
            case "GRANT RIGHT" -> "GRANT SELECT ON";
            case "GRANT ROLE" -> "GRANT READER TO";
            case "REVOKE RIGHT" -> "REVOKE ALL ON";
            case "REVOKE ROLE" -> "REVOKE WRITER FROM";
            case "ALTER TYPE" -> "(CREATE|DROP) TYPE";
            case "SET @" -> "SET @";
            case "SET SALT HASH" -> "SALT\\b.*\\bHASH";
            case "SET TRACE_LEVEL" -> "SET TRACE_LEVEL_";
            case "ALTER TABLE ADD" -> "ALTER TABLE\\b.*\\bADD COLUMN";
            default -> String.join("\\b.*\\b", topic.split(" "));
        };
        return Pattern.compile("(?s)" + words);
    }

    private static List<String> topics(String section) throws Exception {
        List<String> topics = new ArrayList<>();
        Csv csv = new Csv();
        csv.setLineCommentCharacter('#');
        try (Reader help = new InputStreamReader(
                        new java.io.ByteArrayInputStream(Utils.getResource("/org/h2/res/help.csv")),
                        StandardCharsets.UTF_8);
                ResultSet rows = csv.read(help, null)) {
            while (rows.next()) {
                if (rows.getString(1).startsWith(section)) {
                    topics.add(rows.getString(2).strip());
                }
            }
        }
        return topics;
    }
}
