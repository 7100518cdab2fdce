package io.synod.engine.federation;

import io.synod.engine.federation.TableNames.Named;
import io.synod.engine.federation.Words.Word;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.h2.engine.SessionLocal;
import org.h2.message.DbException;
import org.h2.schema.Domain;
import org.h2.schema.FunctionAlias;
import org.h2.schema.Schema;
import org.h2.schema.SchemaObject;

/**
 * What else than tables a text names of the connection's own database: functions, aggregates, domains, constants. Another
 * database does not know them, or has others of these names; a scratch database is given them.
 */
final class OwnObjects {
    private final List<Word> words;
    private final SessionLocal own;
    private final Collection<Named> tables;
    private final Set<SchemaObject> objects = new LinkedHashSet<>();
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
                if (find(own.getDatabase().findSchema(schema), last)) {
                    return;
                }
            }
        } else if (last == first + 2) {
            find(own.getDatabase().findSchema(words.get(first).text()), last);
        }
    }

    private boolean find(Schema schema, int at) {
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

    /** @throws DbException 0A000: a database is to compute with them, and has not got them */
    void refuse(String database) {
        if (!objects.isEmpty()) {
            throw FederationErrors.unsupported(objects.iterator().next().getTraceSQL() + " of the connection's own"
                    + " database in what database " + database + " is to compute: ask for the values by a query, and"
                    + " give them as parameters");
        }
    }

    /** @throws DbException 0A000 for a function that reads tables by a connection: those of its own database */
    void create(Scratch scratch) {
        for (SchemaObject object : objects) {
            scratch.schema(object.getSchema().getName());
            if (object instanceof Domain domain) {
                create(scratch, domain);
                continue;
            }
            if (object instanceof FunctionAlias function) {
                for (FunctionAlias.JavaMethod method : function.getJavaMethods()) {
                    if (method.hasConnectionParam()) {
                        throw FederationErrors.unsupported("the function " + function.getTraceSQL() + ", which has a"
                                + " connection to its own database, in a statement that names several: ask for its"
                                + " value before");
                    }
                }
            }
            scratch.execute(object.getCreateSQL());
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
