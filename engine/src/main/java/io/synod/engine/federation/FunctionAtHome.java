package io.synod.engine.federation;

import java.util.Collections;
import org.h2.command.CommandInterface;
import org.h2.engine.Session;
import org.h2.result.ResultInterface;
import org.h2.result.SimpleResult;
import org.h2.schema.FunctionAlias;
import org.h2.schema.SynodFunction;
import org.h2.value.Value;

/**
 * A function that has a connection to its database, called in a scratch database: its session executes it, in its transaction
 * and on its leader where it may write, as if the application had called it there.
 */
final class FunctionAtHome implements SynodFunction.Home {
    private final Session session;
    private final String name;

    FunctionAtHome(Session session, FunctionAlias function) {
        this.session = session;
        this.name = function.getSQL(0);
    }

    @Override
    public Value call(Value[] arguments) {
        try (CommandInterface command = command("CALL ", arguments.length);
                ResultInterface result = rows(command, arguments)) {
            result.next();
            return ForeignLobs.inMemory(result.currentRow())[0];
        }
    }

    @Override
    public ResultInterface rows(Value[] arguments, boolean columnsOnly) {
        try (CommandInterface command = command("SELECT * FROM ", arguments.length)) {
            if (!columnsOnly) {
                return rows(command, arguments);
            }
            set(command, arguments);
            SimpleResult columns = new SimpleResult();
            ResultInterface described = command.getMetaData();
            for (int i = 0; i < described.getVisibleColumnCount(); i++) {
                columns.addColumn(described.getAlias(i), described.getColumnName(i), described.getColumnType(i));
            }
            return columns;
        }
    }

    private CommandInterface command(String how, int arguments) {
        return session.prepareCommand(how + name + "(" + String.join(", ", Collections.nCopies(arguments, "?")) + ")");
    }

    private static ResultInterface rows(CommandInterface command, Value[] arguments) {
        return Scratch.query(command, ForeignLobs.inMemory(arguments), 0);
    }

    private static void set(CommandInterface command, Value[] arguments) {
        Value[] values = ForeignLobs.inMemory(arguments);
        for (int i = 0; i < values.length; i++) {
            command.getParameters().get(i).setValue(values[i], false);
        }
    }
}
