package io.synod.engine.twin;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.engine.twin.Corpus.Step;
import java.io.InputStreamReader;
import java.io.Reader;
import java.lang.reflect.Field;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.ResultSet;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.h2.command.CommandInterface;
import org.h2.engine.SessionLocal;
import org.h2.jdbc.JdbcConnection;
import org.h2.message.DbException;
import org.h2.tools.Csv;
import org.h2.util.Utils;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The corpus against H2's own list of what it knows, and its named differences against the documentation. */
class GrammarTest {
    /** These have tests of their own, because they end or change more than one database. */
    private static final Set<String> ELSEWHERE = Set.of(
            "SHUTDOWN",
            "SET CLUSTER",
            "SET EXCLUSIVE",
            "SET DATABASE_EVENT_LISTENER",
            "SET JAVA_OBJECT_SERIALIZER",
            "CREATE MATERIALIZED VIEW",
            "DROP MATERIALIZED VIEW",
            "REFRESH MATERIALIZED VIEW",
            "PREPARE COMMIT",
            "COMMIT TRANSACTION",
            "ROLLBACK TRANSACTION");

    /** Words of the grammar of a command that H2 refuses there, whatever its help says, or that Synod does. */
    private static final Map<String, Set<String>> WORDS_ELSEWHERE = Map.of(
            // A column's definition without constraints.
            "ALTER TABLE ALTER COLUMN",
            Set.of(
                    "ACTION",
                    "ALL",
                    "CASCADE",
                    "CHECK",
                    "CONSTRAINT",
                    "DELETE",
                    "DISTINCT",
                    "KEY",
                    "NULLS",
                    "PRIMARY",
                    "REFERENCES",
                    "RESTRICT",
                    "UNIQUE"),
            "CREATE LINKED TABLE",
            Set.of("GLOBAL"),
            // Takes the name of the database only, so that the corpus has it in an EXECUTE IMMEDIATE.
            "SET CATALOG",
            Set.of("SET", "CATALOG"),
            "SET QUERY_STATISTICS_MAX_ENTRIES",
            Set.of("QUERY_STATISTICS"));

    /** What is the same in every command. */
    private static final Set<String> EXPRESSIONS = Set.of(
            "expression",
            "operand",
            "condition",
            "andcondition",
            "term",
            "factor",
            "summand",
            "array",
            "name",
            "column",
            "query",
            "selectexpression",
            "datatype",
            "datatypeordomain",
            "predefinedtype");

    /** Types of the commands above, BACKUP, which needs a file as CorpusTest has it, and those that H2 gives to nothing. */
    private static final Set<String> TYPES_ELSEWHERE = Set.of(
            "BACKUP",
            "COMMIT_TRANSACTION",
            "CREATE_MATERIALIZED_VIEW",
            "HELP",
            "PREPARE_COMMIT",
            "REFRESH_MATERIALIZED_VIEW",
            "ROLLBACK_TRANSACTION",
            "SHUTDOWN",
            "SHUTDOWN_COMPACT",
            "SHUTDOWN_DEFRAG",
            "SHUTDOWN_IMMEDIATELY");

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

    /** Each option of each command has been given to a statement that stock H2 and Synod execute. */
    @Test
    void every_word_of_a_commands_grammar_occurs_in_the_corpus() throws Exception {
        List<String> executed = new ArrayList<>();
        Corpus.all()
                .values()
                .forEach(steps -> steps.stream()
                        .filter(step -> step.fails() == null && step.refused() == null)
                        .forEach(step -> executed.add(step.sql().toUpperCase(Locale.ROOT))));
        Map<String, String> rules = new HashMap<>();
        syntax("Other Grammar").forEach((name, syntax) -> rules.put(ruleName(name), syntax));
        List<String> missing = new ArrayList<>();
        syntax("Commands").forEach((topic, syntax) -> {
            Set<String> words = new TreeSet<>();
            collectWords(syntax, rules, new HashSet<>(EXPRESSIONS), words);
            words.removeAll(WORDS_ELSEWHERE.getOrDefault(topic, Set.of()));
            Pattern begin = Pattern.compile("(?s)^[({ ]*" + beginning(topic));
            List<String> own = executed.stream().filter(begin.asPredicate()).toList();
            for (String word : ELSEWHERE.contains(topic) ? Set.<String>of() : words) {
                Pattern whole = Pattern.compile("\\b" + word + "\\b");
                if (own.stream().noneMatch(whole.asPredicate())) {
                    missing.add(topic + ": " + word);
                }
            }
        });
        assertEquals(List.of(), missing);
    }

    private static void collectWords(String syntax, Map<String, String> rules, Set<String> seen, Set<String> words) {
        Matcher word =
                Pattern.compile("\\b(?:([A-Z_]{2,})|([a-z][A-Za-z]+))\\b").matcher(syntax.replaceAll("@\\w+@", ""));
        while (word.find()) {
            if (word.group(1) != null) {
                words.add(word.group(1));
            } else {
                String rule = ruleName(word.group(2));
                if (rules.containsKey(rule) && seen.add(rule)) {
                    collectWords(rules.get(rule), rules, seen, words);
                }
            }
        }
    }

    private static String ruleName(String name) {
        return name.toLowerCase(Locale.ROOT).replaceAll("[^a-z]", "");
    }

    /** With what a statement of the topic begins. */
    private static String beginning(String topic) {
        return switch (topic) {
            case "Explicit table" -> "TABLE\\b";
            case "Table value" -> "VALUES\\b";
            case "MERGE USING" -> "MERGE INTO\\b.*\\bUSING\\b";
            case "GRANT RIGHT", "GRANT ROLE" -> "GRANT\\b";
            case "REVOKE RIGHT", "REVOKE ROLE" -> "REVOKE\\b";
            case "SET SALT HASH", "SET TRACE_LEVEL", "SET @" -> "SET\\b";
            default -> Arrays.stream(topic.split(" ")).limit(3).collect(Collectors.joining("\\b.*?\\b"));
        };
    }

    @Test
    void every_command_of_h2_has_a_row_in_the_documentation() throws Exception {
        String page = Files.readString(Path.of("..", "docs", "sql.md"));
        String kinds = page.substring(page.indexOf("\n## Kinds\n"), page.indexOf("\n## What needs a word\n"));
        String settings = page.substring(page.indexOf("\n## Settings\n"));
        Set<String> missing = new TreeSet<>();
        for (String topic : topics("Commands")) {
            if (!isNamed(topic, kinds) && !(topic.startsWith("SET ") && isNamed(topic.substring(4), settings))) {
                missing.add(topic);
            }
        }
        assertEquals(Set.of(), missing, "commands of H2's help that docs/sql.md does not name");
    }

    /** As the statement, or as H2's type of command, each in backquotes. */
    private static boolean isNamed(String topic, String table) {
        String words = switch (topic) {
            case "Explicit table" -> "TABLE";
            case "Table value" -> "VALUES";
            case "MERGE INTO" -> "MERGE";
            case "TRACE_LEVEL" -> "TRACE_LEVEL_FILE";
            case "SET SALT HASH" -> "SET SALT";
            default -> topic;
        };
        return table.contains("`" + words + "`") || table.contains("`" + words.replace(' ', '_') + "`");
    }

    @Test
    void every_row_of_the_documentation_names_a_test() throws Exception {
        String page = Files.readString(Path.of("..", "docs", "sql.md"));
        String kinds = page.substring(page.indexOf("\n## Kinds\n"), page.indexOf("\n## What needs a word\n"));
        List<String> without = kinds.lines()
                .filter(line -> line.startsWith("| ") && !line.startsWith("| kind ") && !line.startsWith("| ---"))
                .filter(line -> !Pattern.compile("`\\w+(Test|Contract)`[^|]*\\|$")
                        .matcher(line)
                        .find())
                .toList();
        assertEquals(List.of(), without);
        Matcher topics = Pattern.compile("`CorpusTest` \\(([a-z, ]+)\\)").matcher(kinds);
        int named = 0;
        while (topics.find()) {
            for (String topic : topics.group(1).split(", ")) {
                assertTrue(Corpus.all().containsKey(topic), "the topic " + topic + " of " + topics.group());
                named++;
            }
        }
        assertTrue(named > 30, named + " topics");
    }

    @Test
    void every_type_of_command_is_executed_by_the_corpus_on_stock_h2(@TempDir Path directory) throws Exception {
        Set<Integer> executed = new TreeSet<>();
        for (Map.Entry<String, List<Step>> topic : Corpus.all().entrySet()) {
            String name = "types_" + topic.getKey();
            try (Side stock = new Side(name, name, "jdbc:h2:mem:" + name, directory)) {
                for (Step step : topic.getValue()) {
                    if (step.refused() == null) {
                        int type = typeOf(stock, step, directory);
                        if (Objects.equals(stock.run(step).state(), step.fails()) && step.fails() == null) {
                            executed.add(type);
                        }
                    }
                }
            }
        }
        Set<String> never = new TreeSet<>();
        for (Field field : CommandInterface.class.getFields()) {
            if (field.getType() == int.class && !executed.contains(field.getInt(null))) {
                never.add(field.getName());
            }
        }
        never.removeAll(TYPES_ELSEWHERE);
        assertEquals(Set.of(), never);
    }

    private static int typeOf(Side stock, Step step, Path directory) throws Exception {
        SessionLocal session = (SessionLocal)
                stock.connection(step.session()).unwrap(JdbcConnection.class).getSession();
        try {
            return session.prepareLocal(step.sql().replace("${dir}", directory.toString()))
                    .getCommandType();
        } catch (DbException e) {
            // It fails, as it will when it is run.
            return CommandInterface.UNKNOWN;
        }
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
            case "SET @" -> "SET @";
            case "SET SALT HASH" -> "SALT\\b.*\\bHASH";
            case "SET TRACE_LEVEL" -> "SET TRACE_LEVEL_";
            case "ALTER TABLE ADD" -> "ALTER TABLE\\b.*\\bADD COLUMN";
            default -> String.join("\\b.*\\b", topic.split(" "));
        };
        return Pattern.compile("(?s)" + words);
    }

    private static List<String> topics(String section) throws Exception {
        return new ArrayList<>(syntax(section).keySet());
    }

    /** By topic, in the order of the help. */
    private static Map<String, String> syntax(String section) throws Exception {
        Map<String, String> topics = new LinkedHashMap<>();
        Csv csv = new Csv();
        csv.setLineCommentCharacter('#');
        try (Reader help = new InputStreamReader(
                        new java.io.ByteArrayInputStream(Utils.getResource("/org/h2/res/help.csv")),
                        StandardCharsets.UTF_8);
                ResultSet rows = csv.read(help, null)) {
            while (rows.next()) {
                if (rows.getString(1).startsWith(section)) {
                    topics.put(rows.getString(2).strip(), rows.getString(3));
                }
            }
        }
        return topics;
    }
}
