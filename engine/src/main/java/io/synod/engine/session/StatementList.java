package io.synod.engine.session;

import io.synod.engine.database.Errors;
import java.io.Reader;
import java.io.StringReader;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.function.Supplier;
import org.h2.api.ErrorCode;
import org.h2.command.CommandInterface;
import org.h2.expression.ParameterInterface;
import org.h2.message.DbException;
import org.h2.util.ScriptReader;
import org.h2.value.Value;

/** Several statements in one text: each is compiled and routed when its turn comes, because it may need the one before. */
final class StatementList {
    private final RoutedSession session;
    /**
     * A savepoint. No other session's: what this one runs on the leader, or in another database, may be a list for the session there
     * that shares its transaction, and a name that is used again moves the savepoint. This session has one list at a time that is
     * undone by it.
     */
    private final String begin =
            "SYNOD$BEGIN_OF_LIST$" + UUID.randomUUID().toString().replace('-', '_');

    StatementList(RoutedSession session) {
        this.session = session;
    }

    /** The result is that of the first statement, as H2 has it. */
    <T> T execute(RoutedCommand list, Execution<T> execution) {
        List<Value> values = new ArrayList<>();
        for (ParameterInterface parameter : list.getParameters()) {
            // Unset is not NULL: the part that needs it says so.
            values.add(parameter.isValueSet() ? parameter.getParamValue() : null);
        }
        List<String> parts = split(new StringReader(list.sql()));
        // A text that begins with a semicolon: its first statement is an empty one.
        boolean first = !list.tokens().get(0).is(";");
        return undoneTogether(() -> {
            T result = first ? null : execution.nothing();
            int used = 0;
            for (int i = 0; i < parts.size(); i++) {
                if (i == parts.size() - 1) {
                    session.transaction().group().lastPart();
                }
                CommandInterface part = prepare(list.sql(), parts, i);
                try {
                    for (ParameterInterface parameter : part.getParameters()) {
                        if (used < values.size()) {
                            parameter.setValue(values.get(used++), true);
                        }
                    }
                    if (i == 0 && first) {
                        result = execution.on(part);
                    } else {
                        Execution.run(part);
                    }
                } finally {
                    part.close();
                }
            }
            return result;
        });
    }

    /** One that cannot be compiled is named by H2 with all that follows it. */
    private CommandInterface prepare(String text, List<String> parts, int number) {
        String part = parts.get(number);
        try {
            return session.prepareCommand(part);
        } catch (DbException e) {
            int start = 0;
            for (int i = 0; i < number && start >= 0; i++) {
                int before = text.indexOf(parts.get(i), start);
                start = before < 0 ? -1 : before + parts.get(i).length();
            }
            int found = start < 0 ? -1 : text.indexOf(part, start);
            throw found < 0 ? e : ErrorSql.replace(e, part, text.substring(found));
        }
    }

    /** Inside of a transaction H2 undoes all parts when one fails; under auto-commit those before it stay. */
    private <T> T undoneTogether(Supplier<T> parts) {
        RoutedTransaction transaction = session.transaction();
        if (transaction.isAutoCommit() || transaction.group().isRunning()) {
            return transaction.group().asList(parts);
        }
        boolean marked = transaction.isOpenAnywhere();
        if (marked) {
            run("SAVEPOINT " + begin);
        }
        try {
            return transaction.group().asList(parts);
        } catch (DbException e) {
            if (!transaction.isOpenAnywhere()) {
                throw e;
            }
            try {
                if (marked) {
                    run("ROLLBACK TO SAVEPOINT " + begin);
                } else {
                    transaction.undoAll();
                }
            } catch (DbException undo) {
                transaction.undoAll();
                if (undo.getErrorCode() != ErrorCode.SAVEPOINT_IS_INVALID_1) {
                    // What was open before is gone with it: nothing may go on as if it were there.
                    throw Errors.isRetry(undo)
                            ? undo
                            : Errors.retry("what several statements had done could not be undone alone: "
                                    + Errors.message(undo));
                }
                // A part has ended the transaction: another one had begun.
            }
            throw e;
        }
    }

    private void run(String sql) {
        CommandInterface command = session.prepareCommand(sql);
        try {
            command.executeUpdate(null);
        } finally {
            command.close();
        }
    }

    static List<String> split(Reader text) {
        List<String> parts = new ArrayList<>();
        try (ScriptReader reader = new ScriptReader(text)) {
            reader.setSkipRemarks(true);
            for (String sql; (sql = reader.readStatement()) != null; ) {
                if (!sql.isBlank()) {
                    parts.add(sql.strip());
                }
            }
        }
        return parts;
    }
}
