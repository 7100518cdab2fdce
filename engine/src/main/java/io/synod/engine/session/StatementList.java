package io.synod.engine.session;

import io.synod.engine.database.Errors;
import io.synod.engine.session.SqlText.Kind;
import io.synod.engine.session.SqlText.Token;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Reader;
import java.io.StringReader;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.h2.command.CommandInterface;
import org.h2.expression.ParameterInterface;
import org.h2.message.DbException;
import org.h2.store.fs.FileUtils;
import org.h2.util.ScriptReader;
import org.h2.value.Value;

/** Several statements in one text: each is compiled and routed when its turn comes, because it may need the one before. */
final class StatementList {
    private final RoutedSession session;

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
        return session.transaction().asList(() -> {
            T result = null;
            int used = 0;
            for (int i = 0; i < parts.size(); i++) {
                if (i == parts.size() - 1) {
                    session.transaction().lastPart();
                }
                CommandInterface part = session.prepareCommand(parts.get(i));
                try {
                    for (ParameterInterface parameter : part.getParameters()) {
                        if (used < values.size()) {
                            parameter.setValue(values.get(used++), true);
                        }
                    }
                    if (i == 0) {
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

    /** RUNSCRIPT FROM 'file' [CHARSET 'name']: the file is read on this node, its statements go their ways. */
    void runScript(RoutedCommand command) {
        List<Token> tokens = command.tokens();
        if (tokens.size() < 3 || tokens.get(2).kind() != Kind.LITERAL) {
            throw Errors.refused("RUNSCRIPT", "name the file by a literal: RUNSCRIPT FROM 'file'");
        }
        Charset charset = StandardCharsets.UTF_8;
        for (int i = 3; i < tokens.size(); i++) {
            if (tokens.get(i).is("CHARSET") && i + 1 < tokens.size()) {
                charset = Charset.forName(tokens.get(++i).text());
            } else {
                throw Errors.refused(
                        "RUNSCRIPT … " + tokens.get(i).text(),
                        "only CHARSET is taken: unpack or decrypt the file first");
            }
        }
        String file = tokens.get(2).text();
        if (!session.local().getUser().isAdmin()) {
            throw DbException.get(org.h2.api.ErrorCode.ADMIN_RIGHTS_REQUIRED);
        }
        session.transaction().commitImplicitly();
        try (Reader reader = new InputStreamReader(FileUtils.newInputStream(file), charset)) {
            List<String> parts = split(reader);
            session.transaction().asList(() -> {
                for (String sql : parts) {
                    CommandInterface part = session.prepareCommand(sql);
                    try {
                        Execution.run(part);
                    } finally {
                        part.close();
                    }
                }
                return null;
            });
        } catch (IOException e) {
            throw DbException.convertIOException(e, file);
        }
    }

    private static List<String> split(Reader text) {
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
