package io.synod.engine.writeset;

/**
 * This member's rows are not what the log says they must be: a row to change is missing, a row to insert is there. The
 * member must stop; its H2 state is to be rebuilt from the log or from a peer.
 */
public final class DivergenceException extends RuntimeException {
    public DivergenceException(String message, Throwable cause) {
        super(message, cause);
    }
}
