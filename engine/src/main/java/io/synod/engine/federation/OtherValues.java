package io.synod.engine.federation;

import io.synod.engine.federation.StatementText.Kind;
import io.synod.engine.federation.TableNames.Draw;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.h2.schema.FunctionAlias;
import org.h2.schema.Schema;
import org.h2.util.StringUtils;

/**
 * What a change of rows asks for that its target's database has not got: functions and the like of the connection's own one, and
 * sequences of others. Where one stands for a single value, that is read before and put in its place.
 */
final class OtherValues {
    private final ChangeText text;
    private final TableNames names;
    private final Predicate<String> standsByItself;
    private final OwnObjects objects;
    /** Draws in one row of VALUES, which are one: the source, by that row and the sequence. */
    private final Map<String, Integer> drawn = new HashMap<>();

    private boolean left;

    OtherValues(ChangeText text, TableNames names, Databases databases, Predicate<String> standsByItself) {
        this.text = text;
        this.names = names;
        this.standsByItself = standsByItself;
        boolean home = text.target().database().equals(databases.own().database());
        this.objects =
                OwnObjects.of(home ? List.of() : names.words(), databases.own().catalogue(), names.tables());
    }

    boolean areIn(int from, int to) {
        return objects.areIn(from, to)
                || names.calls().stream().anyMatch(c -> c.first() >= from && c.first() < to && isForeign(c.branch()))
                || names.draws().stream().anyMatch(d -> d.first() >= from && d.first() < to && isForeign(d.branch()));
    }

    boolean isEmpty() {
        return objects.isEmpty()
                && names.draws().stream().noneMatch(d -> isForeign(d.branch()))
                && names.calls().stream().noneMatch(c -> isForeign(c.branch()));
    }

    private boolean isForeign(Branch branch) {
        return !branch.database().equals(text.target().database());
    }

    /** @throws org.h2.message.DbException 0A000 where the target would have to ask another one for each row */
    void refuseWhatIsLeft() {
        if (left) {
            throw FederationErrors.unsupported("a sequence or a function of another database where database "
                    + text.target().database()
                    + " is to ask it for each row: compute the values in a query, that behind"
                    + " USING or INSERT, say");
        }
    }

    /**
     * Puts one in its place.
     *
     * @return the word behind it; {@code word} if none begins there, or it is left as it is
     */
    int put(PieceBuilder out, int word) {
        OwnObjects.Place own = objects.at(word);
        if (own != null) {
            int name = own.last();
            int to = text.groups().is(name + 1, "(") ? text.groups().partner(name + 1) + 1 : name + 1;
            return value(out, word, to, own.isSteady(), null);
        }
        TableNames.Call call = names.callAt(word);
        if (call != null) {
            return call(out, call);
        }
        Draw draw = names.drawAt(word);
        return draw == null ? word : isForeign(draw.branch()) ? foreign(out, draw) : ofTarget(out, draw);
    }

    private int call(PieceBuilder out, TableNames.Call call) {
        if (isForeign(call.branch())) {
            int to = text.groups().partner(call.last() + 1) + 1;
            boolean steady = call.function() instanceof FunctionAlias function && function.isDeterministic();
            int behind = value(out, call.first(), to, steady, null);
            left |= behind == call.first();
            return behind;
        }
        return ofTarget(out, call.function().getSchema(), call.first(), call.last());
    }

    private int foreign(PieceBuilder out, Draw draw) {
        int row = text.targetWord();
        while (row < draw.first()
                && !(text.groups().is(row, "(") && text.groups().partner(row) > draw.first())) {
            row++;
        }
        String once = draw.next() && row < draw.first()
                ? row + " " + draw.branch().database() + " " + draw.sequence().getSQL(0)
                : null;
        int behind = value(out, draw.first(), draw.last() + 1, false, once);
        left |= behind == draw.first();
        return behind;
    }

    private int ofTarget(PieceBuilder out, Draw draw) {
        // NEXT VALUE FOR database . schema . name
        if (draw.last() - draw.first() == 7) {
            return ofTarget(out, draw.sequence().getSchema(), draw.first() + 3, draw.last());
        }
        out.upTo(names.words().get(draw.last()).end());
        return draw.last() + 1;
    }

    /** Leaves the database away. */
    private int ofTarget(PieceBuilder out, Schema schema, int first, int last) {
        out.upTo(text.groups().start(first));
        out.add(StringUtils.quoteIdentifier(schema.getName()) + ".");
        out.skipTo(text.groups().start(last));
        out.upTo(names.words().get(last).end());
        return last + 1;
    }

    /**
     * Puts a value in the place of these words.
     *
     * @param steady whether each evaluation gives the same
     * @param once by which the value is known that was put in already; {@code null} where each is one
     */
    private int value(PieceBuilder out, int from, int to, boolean steady, String once) {
        boolean using =
                text.groups().top("USING", text.targetWord(), names.words().size())
                        < names.words().size();
        // In VALUES, too, each call is one.
        boolean single = steady || text.kind() == Kind.INSERT || text.kind() == Kind.MERGE && !using;
        StringBuilder query = new StringBuilder("SELECT ");
        List<Integer> parameters = new ArrayList<>();
        text.slice(query, parameters, from, Math.min(to, names.words().size()));
        if (!single || to > names.words().size() || !standsByItself.test(query.toString())) {
            return from;
        }
        out.upTo(text.groups().start(from));
        Integer source = drawn.get(once);
        if (source == null) {
            source = text.source(query.toString(), parameters, steady);
            if (once != null) {
                drawn.put(once, source);
            }
        }
        out.add(new ChangeText.Rows(source, null));
        out.skipTo(names.words().get(to - 1).end());
        return to;
    }
}
