package io.synod.engine.session;

import io.synod.engine.database.Errors;
import io.synod.engine.session.SqlText.Token;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.Reader;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.h2.command.CommandInterface;
import org.h2.command.Prepared;
import org.h2.command.dml.SynodScript;
import org.h2.engine.SessionLocal;
import org.h2.expression.Parameter;
import org.h2.message.DbException;
import org.h2.util.ScriptReader;

/**
 * RUNSCRIPT: the file is read on this node, statement by statement, and each goes its own way. As in H2, each is a transaction
 * of its own under auto-commit, and what came before one that fails stays.
 */
final class Script {
    private static final char BYTE_ORDER_MARK = '\uFEFF';

    private final RoutedSession session;
    private Charset charset = StandardCharsets.UTF_8;
    private boolean variableBinary;

    Script(RoutedSession session) {
        this.session = session;
    }

    void run(RoutedCommand command) {
        SessionLocal local = session.local();
        local.getUser().checkAdmin();
        readOptions(command.tokens());
        session.transaction().commitImplicitly();
        boolean variableBinaryBefore = local.isVariableBinary();
        try (SynodScript script = new SynodScript(compiled(command, local));
                Reader text = withoutMark(script.open(charset));
                ScriptReader statements = new ScriptReader(text)) {
            statements.setSkipRemarks(true);
            local.setVariableBinary(variableBinary || variableBinaryBefore);
            session.transaction().asList(() -> {
                runAll(statements);
                return null;
            });
        } catch (IOException e) {
            throw DbException.convertIOException(e, command.sql());
        } finally {
            local.setVariableBinary(variableBinaryBefore);
        }
    }

    private void readOptions(List<Token> tokens) {
        for (int i = 2; i < tokens.size(); i++) {
            Token token = tokens.get(i);
            if (token.is("CHARSET") && i + 1 < tokens.size()) {
                charset = Charset.forName(tokens.get(i + 1).text());
            } else if (token.is("VARIABLE_BINARY")) {
                variableBinary = true;
            } else if (token.is("QUIRKS_MODE") || token.is("FROM_1X")) {
                throw Errors.refused(
                        "RUNSCRIPT … " + token.text(),
                        "H2 has no statement that makes the other nodes read SQL of H2 1.x in the same way",
                        "run it on a database of H2, write that out with SCRIPT TO, and run what it wrote here");
            }
        }
    }

    /** Compiled anew: it knows its file by an expression, perhaps by a parameter, and its compression and password. */
    private static Prepared compiled(RoutedCommand command, SessionLocal local) {
        local.lock();
        try {
            Prepared prepared = local.prepare(command.sql());
            List<Parameter> parameters = prepared.getParameters();
            for (int i = 0; parameters != null && i < parameters.size(); i++) {
                parameters.get(i).setValue(command.getParameters().get(i).getParamValue());
            }
            return prepared;
        } finally {
            local.unlock();
        }
    }

    private static Reader withoutMark(Reader text) throws IOException {
        BufferedReader reader = text instanceof BufferedReader buffered ? buffered : new BufferedReader(text);
        reader.mark(1);
        if (reader.read() != BYTE_ORDER_MARK) {
            reader.reset();
        }
        return reader;
    }

    /** The last one's commit is the request's, whose id the client may have given; those before it are implicit ones. */
    private void runAll(ScriptReader statements) {
        RoutedTransaction transaction = session.transaction();
        String sql = next(statements);
        while (sql != null) {
            String following = next(statements);
            if (following == null) {
                transaction.lastPart();
            }
            CommandInterface statement = session.prepareCommand(sql);
            try {
                Execution.run(statement);
            } finally {
                statement.close();
            }
            if (following != null && transaction.isAutoCommit()) {
                transaction.commitImplicitly();
            }
            sql = following;
        }
    }

    private static String next(ScriptReader statements) {
        String sql;
        do {
            sql = statements.readStatement();
        } while (sql != null && sql.isBlank());
        return sql;
    }
}
