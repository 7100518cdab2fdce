/**
 * The node's log on disk: one Chronicle Queue for all groups, with own force, roll, lock and recovery. Entry point:
 * {@link io.synod.log.EntryLog}. Appends and forces are made by one thread at a time (whoever holds the baton); reads
 * may come from any thread.
 */
package io.synod.log;
