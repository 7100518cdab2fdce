/**
 * Runs the protocol: threads, baton, clock, and the effects of each step on log and transport. Entry points: {@link
 * io.synod.replica.ReplicatedLog} for users of a group's log, {@link io.synod.replica.Applier} for what the user gives.
 */
package io.synod.replica;
