package io.synod.jdbc;

import java.sql.SQLException;
import javax.sql.XAConnection;
import javax.sql.XADataSource;

/**
 * A {@link SynodDataSource} for transaction managers: its connections take part in transactions over several resources. What
 * they prepare is durable on a majority of the nodes, outlives the connection, its node and the leader, and waits for the
 * manager's decision as long as it takes; {@code SYNOD.IN_DOUBT} shows it.
 */
public final class SynodXADataSource extends SynodDataSource implements XADataSource {
    private static final long serialVersionUID = 1;

    /** Made by managers by name. */
    public SynodXADataSource() {}

    /** @return a connection with the resource that the manager enlists */
    @Override
    public XAConnection getXAConnection() throws SQLException {
        return getXAConnection(getUser(), password());
    }

    @Override
    public XAConnection getXAConnection(String user, String password) throws SQLException {
        return new SynodXAConnection(physical(user, password));
    }
}
