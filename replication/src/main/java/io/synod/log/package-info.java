/**
 * The node's log: one Chronicle Queue for all groups, with own force, roll, lock and recovery ({@link
 * io.synod.log.ChronicleEntryLog}), and a twin in memory ({@link io.synod.log.MemoryEntryLog}), both behind {@link
 * io.synod.log.EntryLog}. Appends and forces are made by one thread at a time (whoever holds the baton); reads may come
 * from any thread.
 *
 * <p>A directory holds: segments ({@code *.cq4}; each is one block of the queue, filled with zeros in advance), the next one
 * ({@code *.precreated}), {@code LOCK} (who has it), {@code MANIFEST} (format, sealed segments, whether it was closed),
 * {@code DURABLE} (what was forced, see {@link io.synod.log.DurableMark}). The bytes of a batch: {@link
 * io.synod.log.EntryCodec}.
 */
package io.synod.log;
