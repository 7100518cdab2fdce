package io.synod.engine.session;

import io.synod.engine.session.SqlText.Kind;
import io.synod.engine.session.SqlText.Token;
import java.util.List;
import java.util.Set;
import org.h2.engine.Database;
import org.h2.engine.Mode;
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
            "CURRVAL",
            "ROWNUM");

    private static final Set<String> TIMES = Set.of("TIMESTAMP", "DATE", "TIME");

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
            "IDENTITY_VAL_LOCAL",
            "NEWSEQUENTIALID",
            "ANY_VALUE",
            "H2VERSION",
            "VERSION",
            "DATABASE_PATH",
            "DB_OBJECT_ID",
            "DB_OBJECT_SIZE",
            "DB_OBJECT_TOTAL_SIZE",
            "DB_OBJECT_APPROXIMATE_SIZE",
            "DB_OBJECT_APPROXIMATE_TOTAL_SIZE",
            "ESTIMATED_ENVELOPE",
            "CURRTID2",
            "OBJ_DESCRIPTION",
            "PG_GET_INDEXDEF",
            "PG_GET_USERBYID",
            "PG_POSTMASTER_START_TIME",
            "PG_RELATION_SIZE",
            "PG_TABLE_IS_VISIBLE",
            "PG_TOTAL_RELATION_SIZE",
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
                if (BARE.contains(token.text()) || called && CALLED.contains(token.text()) && !isColumn(tokens, i)) {
                    return token.text();
                }
                if (token.is("NEXT")
                        && i + 1 < tokens.size()
                        && tokens.get(i + 1).is("VALUE")) {
                    return "NEXT VALUE";
                }
                if (isTimeOfDb2(tokens, i, database)) {
                    return "CURRENT " + tokens.get(i + 1).text();
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

    /** Two words there; a column of that name and type elsewhere. */
    private static boolean isTimeOfDb2(List<Token> tokens, int at, Database database) {
        return tokens.get(at).is("CURRENT")
                && at + 1 < tokens.size()
                && TIMES.contains(tokens.get(at + 1).text())
                && database.getMode().getEnum() == Mode.ModeEnum.DB2
                && at > 0
                && !tokens.get(at - 1).is("ADD")
                && !tokens.get(at - 1).is("COLUMN");
    }

    /** IDENTITY with options is what a column is, and none of the functions. */
    private static boolean isColumn(List<Token> tokens, int at) {
        return tokens.get(at).is("IDENTITY")
                && at + 2 < tokens.size()
                && !tokens.get(at + 2).is(")");
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
