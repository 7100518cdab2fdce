package io.synod.engine.operations;

/**
 * One member as a node knows it.
 *
 * @param epoch as {@code round.slot}
 * @param lagMillis −1 where it is not known
 * @param leaseLeftMillis 0 where there is no lease
 */
record MemberStatus(
        String name,
        String role,
        String epoch,
        long durableIndex,
        long commitIndex,
        long appliedIndex,
        long lagEntries,
        long lagMillis,
        long leaseLeftMillis,
        long logBytes,
        String address,
        boolean reachable) {
    MemberStatus withLogBytes(long bytes) {
        return new MemberStatus(
                name,
                role,
                epoch,
                durableIndex,
                commitIndex,
                appliedIndex,
                lagEntries,
                lagMillis,
                leaseLeftMillis,
                bytes,
                address,
                reachable);
    }

    /** Whether it has the log only, and no copy that could be asked for. */
    boolean isWitness() {
        return role.equalsIgnoreCase("witness");
    }

    boolean leads() {
        return role.equalsIgnoreCase("leader");
    }
}
