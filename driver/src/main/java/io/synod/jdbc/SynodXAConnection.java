package io.synod.jdbc;

import javax.sql.XAConnection;
import javax.transaction.xa.XAResource;

/** A pooled connection that a transaction manager enlists by its resource. Thread-safe. */
final class SynodXAConnection extends SynodPooledConnection implements XAConnection {
    private final SynodXAResource resource;

    SynodXAConnection(SynodConnection physical) {
        super(physical);
        resource = new SynodXAResource(physical);
    }

    /** @return always the same */
    @Override
    public XAResource getXAResource() {
        return resource;
    }

    @Override
    boolean isInBranch() {
        return resource.isInBranch();
    }
}
