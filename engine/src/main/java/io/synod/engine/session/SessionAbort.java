package io.synod.engine.session;

import io.synod.engine.session.SqlText.Token;
import java.util.List;
import java.util.Set;
import org.h2.result.ResultInterface;
import org.h2.result.SimpleResult;
import org.h2.value.Value;
import org.h2.value.ValueBoolean;
import org.h2.value.ValueNull;

/**
 * {@code CALL ABORT_SESSION(number)}: H2 would close its own session under the one that the application has, and that would
 * leave locks behind; and it would take Synod's own for one.
 */
final class SessionAbort {
    private static final Set<String> VERBS = Set.of("CALL", "SELECT");

    private SessionAbort() {}

    /** Whether it does nothing else. */
    static boolean is(List<Token> tokens) {
        int size = tokens.get(tokens.size() - 1).is(";") ? tokens.size() - 1 : tokens.size();
        return size == 5
                && VERBS.contains(tokens.get(0).text())
                && tokens.get(1).is("ABORT_SESSION");
    }

    static <T> T run(RoutedSession session, RoutedCommand command, Execution<T> execution) {
        session.local().getUser().checkAdmin();
        String argument = command.sql()
                .substring(
                        command.tokens().get(3).start(), command.tokens().get(3).end());
        Value number = NamedStatements.evaluate(session, argument, command.getParameters())[0];
        ResultInterface columns = command.getMetaData();
        SimpleResult row = new SimpleResult();
        row.addColumn(columns.getAlias(0), columns.getColumnName(0), columns.getColumnType(0));
        row.addRow(
                number == ValueNull.INSTANCE
                        ? number
                        : ValueBoolean.get(session.open().abort(number.getInt())));
        return execution.rows(row);
    }
}
