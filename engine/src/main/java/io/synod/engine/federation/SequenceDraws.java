package io.synod.engine.federation;

import io.synod.engine.federation.TableNames.Draw;
import java.sql.Connection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.h2.command.CommandInterface;
import org.h2.engine.Session;
import org.h2.result.ResultInterface;
import org.h2.schema.FunctionAlias;
import org.h2.schema.SynodFunction;
import org.h2.util.HasSQL;
import org.h2.value.Value;

/**
 * Values of sequences in a text that a scratch database executes: each is drawn by the session in the sequence's own database, on
 * its leader, and covered by its log before anybody sees it. As in H2, all draws of a row from one sequence are one.
 */
public final class SequenceDraws implements SynodFunction.Home {
    private static final String SCHEMA = "SYNOD$SEQUENCES";

    /** Instead of a row's number, where each draw is one. */
    private static final long NO_ROW = -1;

    private record Last(long row, Value value) {}

    private final List<Draw> draws;
    private final Databases databases;
    private final Map<String, Last> last = new HashMap<>();

    private SequenceDraws(List<Draw> draws, Databases databases) {
        this.draws = draws;
        this.databases = databases;
    }

    static void create(Scratch scratch, List<Draw> draws, Databases databases) {
        if (!draws.isEmpty()) {
            scratch.schema(SCHEMA);
            scratch.execute("CREATE ALIAS " + SCHEMA + ".\"DRAW\" FOR '" + SequenceDraws.class.getName() + ".draw'");
            SynodFunction.executeAt(
                    (FunctionAlias)
                            scratch.session().getDatabase().getSchema(SCHEMA).findFunctionOrAggregate("DRAW"),
                    new SequenceDraws(draws, databases));
        }
    }

    /** What stands for a draw in the text that is executed. */
    static String call(int number, Draw draw, boolean byRow) {
        StringBuilder sql = new StringBuilder("CAST(")
                .append(SCHEMA)
                .append(".\"DRAW\"(")
                .append(number)
                .append(", ");
        sql.append(byRow && draw.next() ? "ROWNUM()" : String.valueOf(NO_ROW)).append(") AS ");
        return draw.sequence()
                .getDataType()
                .getSQL(sql, HasSQL.DEFAULT_SQL_FLAGS)
                .append(')')
                .toString();
    }

    /** Gives H2 the types; never executed. */
    public static long draw(Connection connection, int number, long row) {
        throw new IllegalStateException("draws are executed where the sequence is");
    }

    @Override
    public Value call(Value[] arguments) {
        Draw draw = draws.get(arguments[0].getInt());
        String name = draw.sequence().getSQL(HasSQL.DEFAULT_SQL_FLAGS);
        String which = draw.branch().database() + "." + name;
        long row = arguments[1].getLong();
        Last before = last.get(which);
        if (draw.next() && row != NO_ROW && before != null && before.row() == row) {
            return before.value();
        }
        Session session = databases.live(draw.branch().database()).session();
        try (CommandInterface command = session.prepareCommand(
                        (draw.next() ? "CALL NEXT VALUE FOR " : "CALL CURRENT VALUE FOR ") + name);
                ResultInterface result = command.executeQuery(1, 1, false)) {
            result.next();
            Value value = result.currentRow()[0];
            if (draw.next()) {
                last.put(which, new Last(row, value));
            }
            return value;
        }
    }

    @Override
    public ResultInterface rows(Value[] arguments, boolean columnsOnly) {
        throw new IllegalStateException("a sequence gives no table");
    }
}
