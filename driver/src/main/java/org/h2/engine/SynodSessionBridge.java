package org.h2.engine;

/** Opens H2's session contract to other packages: a constructor and nothing else. */
public abstract class SynodSessionBridge extends Session {
    protected SynodSessionBridge() {}
}
