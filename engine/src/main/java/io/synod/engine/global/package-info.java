/**
 * Transactions that write in several databases: {@link io.synod.engine.global.GlobalCommits} of each node commits those of its
 * sessions, and ends those whose node is lost.
 *
 * <p>What they ask of the leader of a database they ask on this node, where that leads, or else of its node over the
 * connections of the cluster's peers ({@link io.synod.engine.global.BranchMessages}).
 */
package io.synod.engine.global;
