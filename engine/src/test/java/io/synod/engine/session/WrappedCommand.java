package io.synod.engine.session;

import java.util.ArrayList;
import org.h2.command.CommandInterface;
import org.h2.expression.ParameterInterface;
import org.h2.result.BatchResult;
import org.h2.result.ResultInterface;
import org.h2.result.ResultWithGeneratedKeys;
import org.h2.value.Value;

/** Passes everything on; for commands of tests that do something beside. */
public abstract class WrappedCommand implements CommandInterface {
    /** What does the work. */
    protected final CommandInterface command;

    /** @param command what does the work */
    protected WrappedCommand(CommandInterface command) {
        this.command = command;
    }

    @Override
    public ResultInterface executeQuery(long maxRows, int fetchSize, boolean scrollable) {
        return command.executeQuery(maxRows, fetchSize, scrollable);
    }

    @Override
    public ResultWithGeneratedKeys executeUpdate(Object keys) {
        return command.executeUpdate(keys);
    }

    @Override
    public BatchResult executeBatchUpdate(ArrayList<Value[]> values, Object keys) {
        return command.executeBatchUpdate(values, keys);
    }

    @Override
    public int getCommandType() {
        return command.getCommandType();
    }

    @Override
    public boolean isQuery() {
        return command.isQuery();
    }

    @Override
    public ArrayList<? extends ParameterInterface> getParameters() {
        return command.getParameters();
    }

    @Override
    public void stop(boolean commitIfAutoCommit) {
        command.stop(commitIfAutoCommit);
    }

    @Override
    public void close() {
        command.close();
    }

    @Override
    public void cancel() {
        command.cancel();
    }

    @Override
    public ResultInterface getMetaData() {
        return command.getMetaData();
    }
}
