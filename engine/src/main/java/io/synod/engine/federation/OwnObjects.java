package io.synod.engine.federation;

import io.synod.engine.federation.TableNames.Named;
import io.synod.engine.federation.Words.Word;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.h2.engine.SessionLocal;
import org.h2.message.DbException;
import org.h2.schema.Domain;
import org.h2.schema.FunctionAlias;
import org.h2.schema.Schema;
import org.h2.schema.SchemaObject;
import org.h2.schema.SynodFunction;
import org.h2.schema.UserDefinedFunction;
import org.h2.util.StringUtils;

/**
 * What else than tables a text names of the connection's own database: functions, aggregates, domains, constants. Another
 * database does not know them, or has others of these names; a scratch database is given them.
 */
final class OwnObjects {
    /**
     * Where the text names one.
     *
     * @param first its first word
     * @param last the word that is its own name
     */
    record Place(SchemaObject object, int first, int last) {
        /** Whether each evaluation with the same arguments gives the same. */
        boolean isSteady() {
            return !(object instanceof FunctionAlias function) || function.isDeterministic();
        }
    }

    private final List<Word> words;
    private final SessionLocal own;
    private final Collection<Named> tables;
    private final Set<SchemaObject> objects = new LinkedHashSet<>();
    private final Map<Integer, Place> places = new TreeMap<>();
    private boolean calls;

    private OwnObjects(List<Word> words, SessionLocal own, Collection<Named> tables) {
        this.words = words;
        this.own = own;
        this.tables = tables;
    }

    /** @param tables whose columns hide constants */
    static OwnObjects of(List<Word> words, SessionLocal own, Collection<Named> tables) {
        OwnObjects found = new OwnObjects(words, own, tables);
        for (int i = 0; i < words.size(); i++) {
            if (words.get(i).isName() && !found.is(i - 1, ".")) {
                found.chain(i);
            }
        }
        return found;
    }

    private boolean is(int index, String word) {
        return index >= 0 && index < words.size() && words.get(index).is(word);
    }

    private void chain(int first) {
        int last = first;
        while (is(last + 1, ".")
                && last + 2 < words.size()
                && words.get(last + 2).isName()) {
            last += 2;
        }
        if (last == first) {
            for (String schema : TableNames.searchPath(own)) {
                if (find(own.getDatabase().findSchema(schema), first, last)) {
                    return;
                }
            }
        } else if (last == first + 2) {
            find(own.getDatabase().findSchema(words.get(first).text()), first, last);
        }
    }

    private boolean find(Schema schema, int first, int at) {
        if (schema == null) {
            return false;
        }
        String name = words.get(at).text();
        SchemaObject found = null;
        if (is(at + 1, "(")) {
            found = schema.findFunctionOrAggregate(name);
            calls |= found != null;
        } else if (is(at - 1, "AS") && is(at + 1, ")") || is(at - 1, "::")) {
            found = schema.findDomain(name);
        }
        if (found == null && tables.stream().noneMatch(t -> t.table().doesColumnExist(name))) {
            found = schema.findConstant(name);
        }
        if (found != null) {
            objects.add(found);
            places.put(first, new Place(found, first, at));
        }
        return found != null;
    }

    boolean isEmpty() {
        return objects.isEmpty();
    }

    /** Whether a function or an aggregate is among them: Calcite may know another one of its name. */
    boolean areCalled() {
        return calls;
    }

    /** @return {@code null} if none begins with this word */
    Place at(int word) {
        return places.get(word);
    }

    boolean areIn(int from, int to) {
        return places.keySet().stream().anyMatch(word -> word >= from && word < to);
    }

    /** @throws DbException 0A000: a database is to compute with them for each of its rows, and has not got them */
    void refuse(String database) {
        if (!objects.isEmpty()) {
            throw FederationErrors.unsupported(objects.iterator().next().getTraceSQL() + " of the connection's own"
                    + " database where database " + database + " is to compute it for each row: compute it in a query,"
                    + " that behind USING or INSERT, say, or give the value as a parameter");
        }
    }

    /** Functions that read tables by a connection read those of their own database, in its session. */
    void create(Scratch scratch, Branch home) {
        for (SchemaObject object : objects) {
            String schema = object.getSchema().getName();
            scratch.schema(schema);
            if (object instanceof Domain domain) {
                create(scratch, domain);
                continue;
            }
            if (object instanceof UserDefinedFunction function) {
                create(scratch, function, schema, home);
            } else {
                scratch.execute(object.getCreateSQL());
            }
        }
    }

    /** As {@link #create(Scratch, Branch)}, a function of any database, once in this schema. */
    static void create(Scratch scratch, UserDefinedFunction function, String schema, Branch home) {
        scratch.schema(schema);
        Schema there = scratch.session().getDatabase().getSchema(schema);
        if (there.findFunctionOrAggregate(function.getName()) != null) {
            return;
        }
        String name = StringUtils.quoteIdentifier(schema) + '.' + StringUtils.quoteIdentifier(function.getName());
        scratch.execute(function.getCreateSQL()
                .replaceFirst(Pattern.quote(function.getSQL(0)), Matcher.quoteReplacement(name)));
        if (function instanceof FunctionAlias alias) {
            SynodFunction.executeAt(
                    (FunctionAlias) there.findFunctionOrAggregate(function.getName()),
                    new FunctionAtHome(home.session(), alias));
        }
    }

    private static void create(Scratch scratch, Domain domain) {
        List<Domain> parents = new ArrayList<>();
        for (Domain next = domain; next != null; next = next.getDomain()) {
            parents.add(next);
        }
        Collections.reverse(parents);
        for (Domain next : parents) {
            scratch.schema(next.getSchema().getName());
            if (scratch.session()
                            .getDatabase()
                            .getSchema(next.getSchema().getName())
                            .findDomain(next.getName())
                    == null) {
                scratch.execute(next.getCreateSQL());
                if (next.getConstraints() != null) {
                    next.getConstraints().forEach(constraint -> scratch.execute(constraint.getCreateSQL()));
                }
            }
        }
    }
}
