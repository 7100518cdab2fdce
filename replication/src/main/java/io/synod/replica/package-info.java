/**
 * Runs the protocol: threads, baton, clock, and the effects of each step on log and transport. Entry points: {@link
 * io.synod.replica.ReplicaNode} opens groups; {@link io.synod.replica.ReplicatedLog} is a group's log for its user, {@link
 * io.synod.replica.Applier} what the user gives.
 *
 * <p>A group on this node is a {@code Replica}: its protocol behind a lock ({@code LockedState}), what others may know of it
 * ({@code Standing}), and what a step wants ({@code StepEffects}). Into the log: {@code ProposalQueue}, {@code CommitPath} with its
 * {@code Baton}, {@code PersistQueue}, {@code UnforcedTail}; to the peers: {@code PeerOutbox}, {@code Feeder}; out of it: {@code
 * ApplyPath}, {@code PendingProposal}. Who waits: {@code LinearizableReads}, {@code Copies}, {@code LeaderTransfer}. What the log may
 * forget: {@code Retention}, {@code GroupRetention}, {@code Pins}, {@code ClosedGroups}; what then travels instead: {@code
 * SnapshotExchange}, {@code SnapshotDispatch}, {@code SnapshotIntake}.
 *
 * <p>Threads. A client that waits in {@link io.synod.replica.Proposal#await} works for itself and for others: it writes and
 * forces the log when it finds the baton free, and applies what is released. {@code synod-log} and {@code synod-apply-N}
 * do that where no client does. {@code synod-timer} ticks, {@code synod-feed} reads for slow peers. The thread that reads a
 * peer's data connection appends, forces and acknowledges what a leader sent.
 *
 * <p>Order of locks: apply baton, group lock, persist queue. The log's baton is never waited for. No lock is held during a
 * force, a read of the log or a call of the applier.
 */
package io.synod.replica;
