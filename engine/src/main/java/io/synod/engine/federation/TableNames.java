package io.synod.engine.federation;

import io.synod.engine.federation.Words.Word;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.h2.engine.SessionLocal;
import org.h2.schema.Schema;
import org.h2.schema.Sequence;
import org.h2.schema.UserDefinedFunction;
import org.h2.table.Column;
import org.h2.table.Table;
import org.h2.util.StringUtils;

/**
 * The tables that a text names, found by its words alone. A word that is named like a table of the connection's own
 * database and stands where a table may stand counts as one, even if it is a column: too many are harmless, and none is missed.
 */
final class TableNames {
    /**
     * A table that the text names.
     *
     * @param branch its database
     * @param schema its schema
     * @param name as the text calls it
     * @param table the table, or what the synonym means
     */
    record Named(Branch branch, String schema, String name, Table table) {
        String database() {
            return branch.database();
        }

        /** Whether it is a table of the session alone: no other one has its rows. */
        boolean isOfSession() {
            return table.isTemporary() && !table.isGlobalTemporary();
        }

        /** By which {@link Federation#branch} finds the session that has its rows. */
        String home() {
            return isOfSession() ? database() + Federation.OF_SESSION : database();
        }

        /** The schema that stands for its own in a scratch database. */
        String scratchSchema(String own) {
            return database().equals(own) && !schema.equals("INFORMATION_SCHEMA") ? schema : database() + "." + schema;
        }

        /** Its name for its own database. */
        String quoted() {
            return StringUtils.quoteIdentifier(schema) + '.' + StringUtils.quoteIdentifier(name);
        }

        List<String> path() {
            return List.of(database(), schema, name);
        }
    }

    /**
     * Where a text names a table, as such or before one of its columns.
     *
     * @param table which
     * @param first its first word
     * @param last the word that is the table's own name
     */
    record Occurrence(Named table, int first, int last) {}

    /**
     * Where a text draws from a sequence.
     *
     * @param branch the sequence's database
     * @param next whether the next value, or the one that was drawn last
     * @param first the word before VALUE FOR
     * @param last the word that is the sequence's own name
     */
    record Draw(Branch branch, Sequence sequence, boolean next, int first, int last) {}

    /**
     * Where a text calls a function or an aggregate by a name of three parts.
     *
     * @param branch the function's database
     * @param scratchSchema the schema that stands for its own in a scratch database
     * @param first its first word
     * @param last the word that is its own name
     */
    record Call(Branch branch, UserDefinedFunction function, String scratchSchema, int first, int last) {}

    /** Where a text names a schema, with its database before it or without, and what stands for it elsewhere. */
    private record Place(String schema, String scratchSchema, int start, int end) {}

    private static final List<String> STAR_AFTER = List.of(",", ".", "SELECT", "DISTINCT", "ALL", ")");

    private static final List<String> STAR_BEFORE = List.of("FROM", ",", ")", "EXCEPT", "UNION", "INTERSECT", "ORDER");

    private final String sql;
    private final Databases databases;
    private final List<Word> words;
    private final List<Place> places = new ArrayList<>();
    private final Map<Integer, Occurrence> occurrences = new HashMap<>();
    private final Map<List<String>, Named> tables = new LinkedHashMap<>();
    private final List<Draw> draws = new ArrayList<>();
    private final List<Call> calls = new ArrayList<>();

    private TableNames(String sql, Databases databases) {
        this.sql = sql;
        this.databases = databases;
        this.words = Words.of(sql, databases.own().catalogue().getStaticSettings());
    }

    /**
     * Finds them.
     *
     * @throws org.h2.message.DbException 90013, 90079 or 42102 if a name of three parts has no table; the message lists what exists
     */
    static TableNames of(String sql, Databases databases) {
        TableNames names = new TableNames(sql, databases);
        for (int i = 0; i < names.words.size(); i++) {
            if (names.words.get(i).isName() && !names.isSymbol(i - 1, ".")) {
                names.chain(i);
            }
        }
        return names;
    }

    Collection<Named> tables() {
        return tables.values();
    }

    /** @return by their first word */
    Map<Integer, Occurrence> occurrences() {
        return occurrences;
    }

    List<Draw> draws() {
        return draws;
    }

    List<Call> calls() {
        return calls;
    }

    /** @return {@code null} if none begins with this word */
    Call callAt(int word) {
        return calls.stream().filter(c -> c.first() == word).findAny().orElse(null);
    }

    /** @return {@code null} if none begins with this word */
    Draw drawAt(int word) {
        return draws.stream().filter(d -> d.first() == word).findAny().orElse(null);
    }

    List<Word> words() {
        return words;
    }

    /** The only database that is named, {@code null} if there are several. */
    Branch onlyDatabase() {
        Branch only = null;
        List<Branch> named = new ArrayList<>();
        tables.values().forEach(table -> named.add(table.branch()));
        draws.forEach(draw -> named.add(draw.branch()));
        calls.forEach(call -> named.add(call.branch()));
        for (Branch branch : named) {
            if (only != null && !only.database().equals(branch.database())) {
                return null;
            }
            only = branch;
        }
        return only == null ? databases.own() : only;
    }

    /** The text for the only database that it names: without that database's name. */
    String local() {
        return replaced(false);
    }

    /** The text for a scratch database in which every table stands in its {@link Named#scratchSchema}. */
    String scratch() {
        return replaced(true);
    }

    /** As {@link #scratch}, to be executed: with what {@link SequenceDraws} makes of the sequences. */
    String executed() {
        if (draws.isEmpty()) {
            return scratch();
        }
        boolean byRow =
                !words.get(0).is("VALUES") && !databases.own().catalogue().getMode().nextValueReturnsDifferentValues;
        StringBuilder text = new StringBuilder();
        int from = 0;
        for (int i = 0; i < draws.size(); i++) {
            Draw draw = draws.get(i);
            replace(text, from, words.get(draw.first()).start(), true);
            text.append(SequenceDraws.call(i, draw, byRow));
            from = words.get(draw.last()).end();
        }
        return replace(text, from, sql.length(), true).toString();
    }

    private String replaced(boolean scratch) {
        return replace(new StringBuilder(), 0, sql.length(), scratch).toString();
    }

    private StringBuilder replace(StringBuilder text, int start, int end, boolean scratch) {
        int from = start;
        for (Place place : places) {
            if (place.start() >= from && place.end() <= end) {
                text.append(sql, from, place.start());
                text.append(StringUtils.quoteIdentifier(scratch ? place.scratchSchema() : place.schema()));
                from = place.end();
            }
        }
        return text.append(sql, from, end);
    }

    /** Where a name of the table's schema stands. */
    private void place(Named table, int start, int end) {
        places.add(new Place(table.schema(), table.scratchSchema(databases.own().database()), start, end));
    }

    private void chain(int first) {
        List<Word> names = new ArrayList<>();
        int i = first;
        names.add(words.get(i));
        while (isSymbol(i + 1, ".") && i + 2 < words.size() && words.get(i + 2).isName()) {
            i += 2;
            names.add(words.get(i));
        }
        if (isSymbol(first - 1, "FOR")
                && isSymbol(first - 2, "VALUE")
                && (isSymbol(first - 3, "NEXT") || isSymbol(first - 3, "CURRENT"))) {
            draw(names, first);
            return;
        }
        // INSERT INTO t(a, b) calls nothing.
        boolean function = isSymbol(i + 1, "(") && !isSymbol(first - 1, "INTO");
        if (function && names.size() < 3) {
            return;
        }
        SessionLocal own = databases.own().catalogue();
        if (names.size() >= 2) {
            Schema schema = own.getDatabase().findSchema(names.get(0).text());
            if (schema != null) {
                Table table = schema.resolveTableOrView(own, names.get(1).text());
                if (table != null) {
                    Named named =
                            add(databases.own(), schema.getName(), names.get(1).text(), table);
                    occurrences.put(first, new Occurrence(named, first, first + 2));
                    if (schema.getName().equals("INFORMATION_SCHEMA")) {
                        place(named, names.get(0).start(), names.get(0).end());
                    }
                    return;
                }
                if (names.size() == 2) {
                    return;
                }
            }
        }
        if (names.size() >= 3) {
            Branch branch = names.get(0).text().equals(databases.own().database())
                    ? databases.own()
                    : databases.find(names.get(0).text());
            if (branch != null) {
                foreign(branch, names, first, function);
                return;
            }
            if (isBeforeTable(first)) {
                throw FederationErrors.noDatabase(names.get(0).text(), databases.names());
            }
        }
        if (names.size() == 1 && mayBeTable(first)) {
            unqualified(names.get(0).text(), first);
        }
    }

    private void draw(List<Word> names, int first) {
        Branch branch = databases.own();
        SessionLocal own = branch.catalogue();
        boolean next = isSymbol(first - 3, "NEXT");
        List<String> path =
                names.size() == 1 ? searchPath(own) : List.of(names.get(0).text());
        if (names.size() >= 3) {
            branch = names.get(0).text().equals(branch.database())
                    ? branch
                    : databases.find(names.get(0).text());
            if (branch == null) {
                throw FederationErrors.noDatabase(names.get(0).text(), databases.names());
            }
            path = List.of(schema(branch, names).getName());
            places.add(new Place(
                    path.get(0),
                    branch.database().equals(databases.own().database())
                            ? path.get(0)
                            : branch.database() + "." + path.get(0),
                    names.get(0).start(),
                    names.get(1).end()));
        }
        Word name = names.get(Math.min(names.size(), 3) - 1);
        for (String schemaName : path) {
            Schema schema = branch.catalogue().getDatabase().findSchema(schemaName);
            Sequence sequence = schema == null ? null : schema.findSequence(name.text());
            if (sequence != null) {
                draws.add(new Draw(branch, sequence, next, first - 3, words.indexOf(name)));
                return;
            }
        }
        if (names.size() >= 3) {
            throw FederationErrors.noSequence(branch.database(), path.get(0), name.text());
        }
    }

    private void call(Branch branch, Schema schema, List<Word> names, int first) {
        UserDefinedFunction function =
                schema.findFunctionOrAggregate(names.get(2).text());
        if (function == null) {
            throw FederationErrors.noFunction(
                    branch.database(), schema.getName(), names.get(2).text());
        }
        boolean own = branch.database().equals(databases.own().database());
        String scratchSchema = own ? schema.getName() : branch.database() + "." + schema.getName();
        calls.add(new Call(branch, function, scratchSchema, first, first + 4));
        places.add(new Place(
                schema.getName(),
                scratchSchema,
                names.get(0).start(),
                names.get(1).end()));
    }

    private static Schema schema(Branch branch, List<Word> names) {
        SessionLocal session = branch.catalogue();
        Schema schema = session.getDatabase().findSchema(names.get(1).text());
        if (schema == null) {
            throw FederationErrors.noSchema(
                    branch.database(),
                    names.get(1).text(),
                    session.getDatabase().getAllSchemas().stream()
                            .map(Schema::getName)
                            .toList());
        }
        return schema;
    }

    private void foreign(Branch branch, List<Word> names, int first, boolean function) {
        SessionLocal session = branch.catalogue();
        Schema schema = schema(branch, names);
        if (function) {
            call(branch, schema, names, first);
            return;
        }
        Table table = schema.resolveTableOrView(session, names.get(2).text());
        if (table == null) {
            throw FederationErrors.noTable(
                    branch.database(),
                    schema.getName(),
                    names.get(2).text(),
                    schema.getAllTablesAndViews(session).stream()
                            .map(Table::getName)
                            .toList());
        }
        Named named = add(branch, schema.getName(), names.get(2).text(), table);
        occurrences.put(first, new Occurrence(named, first, first + 4));
        place(named, names.get(0).start(), names.get(1).end());
    }

    private void unqualified(String name, int first) {
        SessionLocal own = databases.own().catalogue();
        Table temporary = databases.temporary(name);
        if (temporary != null) {
            Named named = add(databases.own(), own.getCurrentSchemaName(), name, temporary);
            occurrences.put(first, new Occurrence(named, first, first));
            return;
        }
        for (String schemaName : searchPath(own)) {
            Schema schema = own.getDatabase().findSchema(schemaName);
            Table table = schema == null ? null : schema.resolveTableOrView(own, name);
            if (table != null) {
                Named named = add(databases.own(), schema.getName(), name, table);
                occurrences.put(first, new Occurrence(named, first, first));
                return;
            }
        }
    }

    /** Schemas in which a session looks for a name of one part. */
    static List<String> searchPath(SessionLocal session) {
        List<String> path = new ArrayList<>();
        path.add(session.getCurrentSchemaName());
        if (session.getSchemaSearchPath() != null) {
            path.addAll(List.of(session.getSchemaSearchPath()));
        }
        return path;
    }

    private Named add(Branch branch, String schema, String name, Table table) {
        Named named = new Named(branch, schema, name, table);
        Named known = tables.putIfAbsent(named.path(), named);
        return known == null ? named : known;
    }

    private boolean isSymbol(int index, String symbol) {
        return index >= 0 && index < words.size() && words.get(index).is(symbol);
    }

    private boolean isBeforeTable(int index) {
        return index > 0
                && (words.get(index - 1).is("FROM")
                        || words.get(index - 1).is("JOIN")
                        || words.get(index - 1).is("INTO")
                        || words.get(index - 1).is("UPDATE")
                        || words.get(index - 1).is("USING")
                        || words.get(index - 1).is("TABLE"));
    }

    private boolean mayBeTable(int index) {
        return isBeforeTable(index) || isSymbol(index - 1, ",") || isSymbol(index - 1, "(");
    }

    /**
     * Whether another database has something for a name that stands without a database, and so means what is the connection's
     * own. Columns that are named like it count as well.
     */
    boolean mayMeanMoreOf(Branch branch) {
        SessionLocal session = branch.catalogue();
        for (int i = 0; i < words.size(); i++) {
            Word word = words.get(i);
            Occurrence occurrence = occurrences.get(i);
            boolean hasDatabase = occurrence != null && occurrence.last() == i + 4;
            if (word.isName() && !isSymbol(i - 1, ".") && !hasDatabase && isIn(session, word.text())) {
                return true;
            }
        }
        return false;
    }

    private static boolean isIn(SessionLocal session, String name) {
        if (session.getDatabase().findSchema(name) != null || session.findLocalTempTable(name) != null) {
            return true;
        }
        for (Schema schema : session.getDatabase().getAllSchemas()) {
            if (!schema.getName().equals("INFORMATION_SCHEMA")
                    && (schema.resolveTableOrView(session, name) != null
                            || schema.findSequence(name) != null
                            || schema.findFunctionOrAggregate(name) != null
                            || schema.findConstant(name) != null
                            || schema.findDomain(name) != null)) {
                return true;
            }
        }
        return false;
    }

    /** Columns of a table that the text may use: those whose name is one of its words, all if it has a star. */
    List<Column> usedColumns(Table table) {
        Set<String> names = new HashSet<>();
        for (int i = 0; i < words.size(); i++) {
            Word word = words.get(i);
            int before = i - 1;
            int after = i + 1;
            // Not a multiplication: that has operands on both sides.
            boolean star = word.is("*")
                    && !isSymbol(i - 1, "(")
                    && (STAR_AFTER.stream().anyMatch(w -> isSymbol(before, w))
                            || after == words.size()
                            || STAR_BEFORE.stream().anyMatch(w -> isSymbol(after, w)));
            if (star || word.is("NATURAL") || word.is("TABLE")) {
                return List.of(table.getVisibleColumns());
            }
            if (word.isName()) {
                names.add(word.text().toUpperCase(Locale.ROOT));
            }
        }
        List<Column> used = new ArrayList<>();
        for (Column column : table.getColumns()) {
            if (names.contains(column.getName().toUpperCase(Locale.ROOT))) {
                used.add(column);
            }
        }
        return used.isEmpty() ? List.of(table.getColumns()[0]) : used;
    }

    /** Whether the text reads H2's row numbers. */
    boolean usesRowIds() {
        return words.stream().anyMatch(w -> w.is("_ROWID_"));
    }

    /** Whether the text wants to lock what it reads. */
    boolean locks() {
        for (int i = 1; i < words.size(); i++) {
            if (words.get(i).is("UPDATE") && words.get(i - 1).is("FOR")) {
                return true;
            }
        }
        return false;
    }
}
