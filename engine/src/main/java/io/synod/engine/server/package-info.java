/**
 * Serves SQL in H2's own TCP protocol, so that the remote driver, stock {@code jdbc:h2:tcp:} clients and tools work against a
 * node. Entry point: {@link io.synod.engine.server.SqlServer}. One thread per connection, {@code synod-sql-n}.
 */
package io.synod.engine.server;
