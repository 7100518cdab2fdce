/**
 * One hosted database: an H2 database under a replicated log. Entry point: {@link
 * io.synod.engine.database.HostedDatabase}. Each class says which threads may call it; H2 sessions are always locked
 * outer before inner, and nobody waits for the log while holding an inner one.
 */
package io.synod.engine.database;
