/**
 * Branches of global transactions, as pure state: no threads, no I/O, no clock.
 *
 * <p>{@link io.synod.branch.Participation} is what a group's log says of them, also of those whose decision comes from outside, as
 * XA's. {@link io.synod.branch.Coordinator} and {@link io.synod.branch.Termination} are three-phase commit among several groups.
 */
package io.synod.branch;
