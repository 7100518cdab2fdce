package io.synod.engine.server;

import io.synod.engine.session.PlainRead;
import io.synod.engine.session.WrappedCommand;
import java.util.ArrayList;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.h2.command.Command;
import org.h2.command.CommandInterface;
import org.h2.result.BatchResult;
import org.h2.result.ResultInterface;
import org.h2.result.ResultWithGeneratedKeys;
import org.h2.result.SimpleResult;
import org.h2.value.TypeInfo;
import org.h2.value.Value;
import org.h2.value.ValueBoolean;

/** H2's command under the ledger: what may commit goes through it, and SYNOD.RESOLVE is answered from it. */
final class LedgerCommand extends WrappedCommand implements PlainRead {
    private static final Pattern RESOLVE = Pattern.compile("CALL SYNOD\\.RESOLVE\\('([^']+)', (\\d+)\\)");

    private final PlainSession session;
    private final String sql;

    LedgerCommand(PlainSession session, CommandInterface command, String sql) {
        super(command);
        this.session = session;
        this.sql = sql;
    }

    @Override
    public boolean isPlainRead() {
        return ((Command) command).isReadOnly();
    }

    @Override
    public ResultInterface executeQuery(long maxRows, int fetchSize, boolean scrollable) {
        Matcher resolve = RESOLVE.matcher(sql);
        if (resolve.matches()) {
            SimpleResult answer = new SimpleResult();
            answer.addColumn("COMMITTED", TypeInfo.TYPE_BOOLEAN);
            answer.addRow(ValueBoolean.get(
                    session.ledger().resolve(UUID.fromString(resolve.group(1)), Long.parseLong(resolve.group(2)))));
            return answer;
        }
        return command.executeQuery(maxRows, fetchSize, scrollable);
    }

    @Override
    public ResultWithGeneratedKeys executeUpdate(Object keys) {
        if (!session.getAutoCommit() && getCommandType() != COMMIT) {
            return command.executeUpdate(keys);
        }
        return session.ledger().committing(session.request(), () -> command.executeUpdate(keys));
    }

    @Override
    public BatchResult executeBatchUpdate(ArrayList<Value[]> values, Object keys) {
        if (!session.getAutoCommit()) {
            return command.executeBatchUpdate(values, keys);
        }
        return session.ledger().committing(session.request(), () -> command.executeBatchUpdate(values, keys));
    }
}
