package io.synod.replica;

/** Why a group has stopped on a node that was removed from it: the others go on without it, for ever. */
public final class RemovedMemberException extends IllegalStateException {
    private static final long serialVersionUID = 1L;

    private final long configuration;

    /** @param configuration index of the configuration that it is not in, or of a later one */
    public RemovedMemberException(long group, long configuration) {
        super("this node was removed from group " + group + " (configuration at index " + configuration
                + ") and no longer serves it: its copy can be deleted; to come back it has to be added again, with an"
                + " empty directory");
        this.configuration = configuration;
    }

    /** Index of the configuration that this node is not in, or of a later one. */
    public long configuration() {
        return configuration;
    }
}
