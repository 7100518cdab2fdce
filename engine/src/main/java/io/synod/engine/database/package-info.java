/**
 * One hosted database: an H2 database under a replicated log. Entry point: {@link
 * io.synod.engine.database.HostedDatabase}. Each class says which threads may call it; H2 sessions are always locked
 * outer before inner, and nobody waits for the log while holding an inner one.
 *
 * <p>The classes, by what they are about:
 *
 * <ul>
 *   <li>the way into the log: {@code Writer} (with {@code LocalTransaction}, {@code CommitGuard}, {@code EndReason}, {@code
 *       StatementCancel}), {@code PendingWork}, {@code DdlGate}, {@code Shipments} of large ones; all that are open: {@code
 *       WriterRegistry}
 *   <li>what is in the log: {@code LogRecord}, {@code CommitId}
 *   <li>out of the log: {@code EntryApplier}, {@code StatementApplier}, {@code MissingHere}, {@code EntryEndings}, {@code Digests}
 *   <li>prepared branches: {@code PreparedBranches}, {@code BranchDecisions}; commits whose end nobody was told: {@code
 *       CommitsInDoubt}
 *   <li>reads: {@code ReadGate}, {@code ReadDemand}, {@code ReadLevel}, {@code Seen}
 *   <li>the copy on this node: {@code Storage}, {@code LocalCopy}, {@code DatabaseSnapshots}, {@code Adoption} of a foreign file
 *   <li>by the clock, or when an operator asks: {@code Upkeep}, {@code CommitIdExpiry}, {@code Transients}, {@code Administration}
 * </ul>
 */
package io.synod.engine.database;
