package io.synod.engine.session;

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
    private boolean quirks;
    private boolean from1X;
    private long count;

    Script(RoutedSession session) {
        this.session = session;
    }

    /** @return how many statements there were, empty ones too, as H2 counts them */
    long run(RoutedCommand command) {
        SessionLocal local = session.local();
        local.getUser().checkAdmin();
        readOptions(command.tokens());
        session.transaction().commitImplicitly();
        boolean variableBinaryBefore = local.isVariableBinary();
        boolean quirksBefore = local.isQuirksMode();
        try (SynodScript script = new SynodScript(compiled(command, local));
                Reader text = withoutMark(script.open(charset));
                ScriptReader statements = new ScriptReader(text)) {
            statements.setSkipRemarks(true);
            local.setVariableBinary(variableBinary || variableBinaryBefore);
            local.setQuirksMode(quirks || quirksBefore);
            session.transaction().group().asList(() -> {
                runAll(statements);
                return null;
            });
            return count;
        } catch (IOException e) {
            throw DbException.convertIOException(e, command.sql());
        } finally {
            local.setVariableBinary(variableBinaryBefore);
            local.setQuirksMode(quirksBefore);
        }
    }

    private void readOptions(List<Token> tokens) {
        for (int i = 2; i < tokens.size(); i++) {
            Token token = tokens.get(i);
            if (token.is("CHARSET") && i + 1 < tokens.size()) {
                charset = Charset.forName(tokens.get(i + 1).text());
            } else if (token.is("VARIABLE_BINARY")) {
                variableBinary = true;
            } else if (token.is("QUIRKS_MODE")) {
                quirks = true;
            } else if (token.is("FROM_1X")) {
                from1X = true;
                quirks = true;
                variableBinary = true;
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
                transaction.group().lastPart();
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

    private String next(ScriptReader statements) {
        String sql;
        do {
            sql = statements.readStatement();
            count += sql == null ? 0 : 1;
        } while (sql != null && sql.isBlank());
        return sql != null && from1X ? withoutOldForms(sql) : sql;
    }

    /** As H2 reads what H2 1.x has written: LOBs stood there as text. */
    private static String withoutOldForms(String sql) {
        String text = sql.strip();
        int bytes = text.startsWith("INSERT INTO SYSTEM_LOB_STREAM VALUES(") ? text.indexOf(", NULL, '") : -1;
        return bytes < 0 ? sql : text.substring(0, bytes + 8) + "X'" + text.substring(bytes + 9);
    }
}
