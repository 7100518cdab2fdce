/**
 * H2's file as a checkpoint of the log: opening it cut back to the last checkpoint ({@link
 * io.synod.engine.snapshot.H2Store}), taking checkpoints ({@link io.synod.engine.snapshot.Checkpoint}) while statements
 * that write stand still ({@link io.synod.engine.snapshot.StatementGate}).
 */
package io.synod.engine.snapshot;
