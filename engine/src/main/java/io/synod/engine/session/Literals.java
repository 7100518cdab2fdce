package io.synod.engine.session;

import io.synod.engine.session.SqlText.Kind;
import io.synod.engine.session.SqlText.Token;
import java.util.List;
import org.h2.expression.ParameterInterface;
import org.h2.util.HasSQL;
import org.h2.value.Value;

/** Writes the values of parameters into the text of a statement that is logged: the log holds no parameters. */
final class Literals {
    private Literals() {}

    /** @throws org.h2.message.DbException 90012 a parameter has no value */
    static String inline(String sql, List<Token> tokens, List<? extends ParameterInterface> parameters) {
        StringBuilder text = new StringBuilder();
        int copied = 0;
        int used = 0;
        for (int i = 0; i < tokens.size(); i++) {
            Token token = tokens.get(i);
            if (!token.is("?")) {
                continue;
            }
            int index = used++;
            int end = token.end();
            Token next = i + 1 < tokens.size() ? tokens.get(i + 1) : null;
            if (next != null && next.kind() == Kind.NUMBER && next.start() == token.end()) {
                index = Integer.parseInt(next.text()) - 1;
                end = next.end();
            }
            ParameterInterface parameter = parameters.get(index);
            parameter.checkSet();
            text.append(sql, copied, token.start());
            Value value = Lobs.sendable(parameter.getParamValue());
            value.getSQL(text, HasSQL.DEFAULT_SQL_FLAGS);
            copied = end;
        }
        return text.append(sql, copied, sql.length()).toString();
    }
}
