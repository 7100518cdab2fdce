/**
 * What a transaction changed, as it travels through the log: captured from H2's undo log on the leader ({@link
 * io.synod.engine.writeset.WriteSetCapture}), applied through H2's indexes on the others ({@link
 * io.synod.engine.writeset.WriteSetApplier}), with the replicated state that goes with it ({@link
 * io.synod.engine.writeset.AppliedState}, {@link io.synod.engine.writeset.TableRegistry}, {@link
 * io.synod.engine.writeset.SequenceMarks}).
 */
package io.synod.engine.writeset;
