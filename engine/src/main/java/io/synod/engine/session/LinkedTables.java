package io.synod.engine.session;

import io.synod.engine.session.SqlText.Token;
import java.util.List;
import org.h2.command.CommandInterface;
import org.h2.message.DbException;

/** Tries a linked table's target before the table is logged: at its place in the log it is made in any case. */
final class LinkedTables {
    private static final String TRIAL = "\"SYNOD$LINK\"";

    private LinkedTables() {}

    /**
     * In the transaction that has begun here, which has changed nothing yet.
     *
     * @throws org.h2.message.DbException of H2: the driver, the target or the table was not found, or no rights
     */
    static void check(RoutedSession session, String sql, List<Token> tokens) {
        int arguments = 0;
        while (!tokens.get(arguments).is("(")) {
            arguments++;
        }
        String trial = "CREATE LOCAL TEMPORARY LINKED TABLE " + TRIAL
                + sql.substring(tokens.get(arguments).start());
        session.writer().executeUnguarded(() -> {
            try {
                run(session, trial);
            } catch (DbException e) {
                throw ErrorSql.set(e, sql);
            }
            run(session, "DROP TABLE " + TRIAL);
            return null;
        });
    }

    private static void run(RoutedSession session, String sql) {
        CommandInterface command = session.local().prepareLocal(sql);
        command.executeUpdate(null);
        command.close();
    }
}
