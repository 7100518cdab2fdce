/**
 * Judges what clients saw of a database by nothing but their calls and answers: {@link io.synod.history.RegisterChecker} for
 * single registers, {@link io.synod.history.AppendChecker} for transactions that append to lists and read them. No I/O, no
 * clock, no chance: one history always gets one verdict.
 */
package io.synod.history;
