package io.synod.engine.federation;

/** Something of a query that has no plan; its message is short and fit for a user. */
final class Unplannable extends RuntimeException {
    private static final long serialVersionUID = 1L;

    Unplannable(String message) {
        super(message);
    }
}
