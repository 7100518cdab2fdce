package io.synod.engine.session;

import java.io.Reader;
import java.io.StringReader;
import java.util.ArrayList;
import java.util.List;
import org.h2.command.CommandInterface;
import org.h2.expression.ParameterInterface;
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
        // A text that begins with a semicolon: its first statement is an empty one.
        boolean first = !list.tokens().get(0).is(";");
        return session.transaction().asList(() -> {
            T result = first ? null : execution.nothing();
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
