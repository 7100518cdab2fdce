package io.synod.engine.session;

import io.synod.engine.session.SqlText.Kind;
import io.synod.engine.session.SqlText.Token;
import java.util.List;
import java.util.Set;
import org.h2.engine.Database;
import org.h2.expression.Expression;
import org.h2.expression.ExpressionVisitor;
import org.h2.schema.Domain;
import org.h2.schema.FunctionAlias;
import org.h2.schema.Schema;
import org.h2.schema.UserDefinedFunction;

/** Finds in the text of a statement what gives another value on each member that executes it. */
final class UnequalValues {
    /** Without parentheses, too. */
    private static final Set<String> BARE = Set.of(
            "CURRENT_TIMESTAMP",
            "LOCALTIMESTAMP",
            "CURRENT_DATE",
            "CURRENT_TIME",
            "LOCALTIME",
            "SYSDATE",
            "SYSTIMESTAMP",
            "TODAY",
            "NEXTVAL",
            "CURRVAL");

    private static final Set<String> CALLED = Set.of(
            "RANDOM_UUID",
            "GEN_RANDOM_UUID",
            "UUID",
            "NEWID",
            "SYS_GUID",
            "RAND",
            "RANDOM",
            "SECURE_RAND",
            "NOW",
            "CURDATE",
            "CURTIME",
            "GETDATE",
            "UNIX_TIMESTAMP",
            "CLOCK_TIMESTAMP",
            "STATEMENT_TIMESTAMP",
            "TRANSACTION_TIMESTAMP",
            "LASTVAL",
            "IDENTITY",
            "SCOPE_IDENTITY",
            "LAST_INSERT_ID",
            "SESSION_ID",
            "TRANSACTION_ID",
            "LOCK_TIMEOUT",
            "MEMORY_FREE",
            "MEMORY_USED",
            "DISK_SPACE_USED",
            "H2VERSION",
            "DATABASE_PATH",
            "DB_OBJECT_ID",
            "ROWNUM",
            "FILE_READ",
            "FILE_WRITE",
            "CSVREAD",
            "CSVWRITE",
            "LINK_SCHEMA",
            "CANCEL_SESSION",
            "ABORT_SESSION",
            "SIGNAL");

    private UnequalValues() {}

    /** @return what it is, for a message; {@code null} when there is nothing of the kind */
    static String find(List<Token> tokens, Database database) {
        for (int i = 0; i < tokens.size(); i++) {
            Token token = tokens.get(i);
            boolean called = i + 1 < tokens.size() && tokens.get(i + 1).is("(");
            if (token.kind() == Kind.WORD) {
                if (BARE.contains(token.text()) || called && CALLED.contains(token.text())) {
                    return token.text();
                }
                if (token.is("NEXT")
                        && i + 1 < tokens.size()
                        && tokens.get(i + 1).is("VALUE")) {
                    return "NEXT VALUE";
                }
            }
            if (token.kind() == Kind.WORD || token.kind() == Kind.QUOTED) {
                String own = called ? function(token.text(), database) : domain(token.text(), database);
                if (own != null) {
                    return own;
                }
            }
        }
        return null;
    }

    /** A function of the application's is believed to be the same everywhere when it was declared DETERMINISTIC. */
    private static String function(String name, Database database) {
        for (Schema schema : database.getAllSchemas()) {
            UserDefinedFunction function = schema.findFunctionOrAggregate(name);
            if (function != null && !(function instanceof FunctionAlias alias && alias.isDeterministic())) {
                return "the function " + name + " (it is not DETERMINISTIC)";
            }
        }
        return null;
    }

    private static String domain(String name, Database database) {
        for (Schema schema : database.getAllSchemas()) {
            Domain domain = schema.findDomain(name);
            Expression value = domain == null ? null : domain.getEffectiveDefaultExpression();
            if (value != null && !value.isEverything(ExpressionVisitor.DETERMINISTIC_VISITOR)) {
                return "the default of domain " + name;
            }
        }
        return null;
    }
}
