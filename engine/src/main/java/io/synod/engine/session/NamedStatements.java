package io.synod.engine.session;

import io.synod.engine.session.SqlText.Token;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.h2.command.CommandInterface;
import org.h2.engine.SessionLocal;
import org.h2.expression.ParameterInterface;
import org.h2.message.DbException;
import org.h2.result.ResultInterface;
import org.h2.value.Value;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The statements that {@code PREPARE name AS …} has named in a session. H2 keeps them in its own session as well, to compile
 * {@code EXECUTE}; what is executed is the statement itself, wherever it belongs. Called under the session's lock.
 */
final class NamedStatements {
    private static final Logger LOG = LoggerFactory.getLogger(NamedStatements.class);

    private final RoutedSession session;
    private final Map<String, CommandInterface> statements = new HashMap<>();
    /** The texts that have named them. */
    private final Map<String, String> texts = new HashMap<>();

    NamedStatements(RoutedSession session) {
        this.session = session;
    }

    /** PREPARE name [(type, …)] AS statement. */
    void prepare(RoutedCommand command) {
        List<Token> tokens = command.tokens();
        int as = 2;
        for (int depth = 0; as < tokens.size() && !(depth == 0 && tokens.get(as).is("AS")); as++) {
            depth += tokens.get(as).is("(") ? 1 : tokens.get(as).is(")") ? -1 : 0;
        }
        String sql = command.sql().substring(tokens.get(as).end()).strip();
        CommandInterface old = statements.put(tokens.get(1).text(), session.prepareCommand(sql));
        texts.put(tokens.get(1).text(), command.sql());
        if (old != null) {
            old.close();
        }
    }

    /** The session's new inner one, whose H2 knows none of them yet. */
    void move(SessionLocal fresh) {
        for (String sql : texts.values()) {
            try {
                fresh.prepareLocal(sql).executeUpdate(null);
            } catch (DbException e) {
                // What it names is gone: EXECUTE fails as well.
                LOG.debug("{} cannot be prepared again: {}", sql, e.toString());
            }
        }
    }

    /** EXECUTE name [(expression, …)]; as in H2, parameters that are not given keep the value that they had. */
    <T> T execute(RoutedCommand command, Execution<T> execution) {
        List<Token> tokens = command.tokens();
        CommandInterface statement = statements.get(tokens.get(1).text());
        if (tokens.size() > 2 && tokens.get(2).is("(")) {
            int from = tokens.get(2).end();
            int to = from;
            for (Token token : tokens) {
                to = token.is(")") ? token.start() : to;
            }
            Value[] values = evaluate(session, command.sql().substring(from, to), command.getParameters());
            List<? extends ParameterInterface> parameters = statement.getParameters();
            for (int i = 0; i < parameters.size() && i < values.length; i++) {
                parameters.get(i).setValue(values[i], true);
            }
        }
        try {
            return execution.on(statement);
        } catch (DbException e) {
            throw ErrorSql.set(e, command.sql());
        }
    }

    /** DEALLOCATE [PLAN] name. */
    void deallocate(RoutedCommand command) {
        List<Token> tokens = command.tokens();
        boolean plan = tokens.get(1).is("PLAN") && tokens.size() > 2;
        String name = tokens.get(plan ? 2 : 1).text();
        texts.remove(name);
        CommandInterface old = statements.remove(name);
        if (old != null) {
            old.close();
        }
    }

    /** The values of these expressions, by a query of the session's. */
    static Value[] evaluate(
            RoutedSession session, String expressions, List<? extends ParameterInterface> outerParameters) {
        CommandInterface query = session.prepareCommand("SELECT " + expressions);
        try {
            List<? extends ParameterInterface> parameters = query.getParameters();
            for (int i = 0; i < parameters.size() && i < outerParameters.size(); i++) {
                parameters.get(i).setValue(outerParameters.get(i).getParamValue(), true);
            }
            try (ResultInterface rows = query.executeQuery(1, 1, false)) {
                rows.next();
                return rows.currentRow().clone();
            }
        } finally {
            query.close();
        }
    }
}
