/**
 * The JDBC driver: URLs, data sources, and remote sessions that survive the loss of their node. Needs H2 and nothing
 * else; an engine on the class path is found through {@link io.synod.jdbc.EngineProvider}.
 *
 * <p>The remote session is {@code FailoverSession}; what it hands out outlives its node as well ({@code FailoverCommand}, {@code
 * FailoverResult}, {@code FailoverDatabaseMeta}, {@code WatchedLobs}). Its {@code NodeLink} is to the node of the moment: that
 * notices that a node is gone ({@code Watchdog}, {@code Broken}, {@code Losses}), finds another one ({@code Reconnection},
 * {@code Connector}, {@code Endpoints}) or the leader ({@code LeaderSearch}, {@code LeaderQuestion}, {@code LeaderHints}, {@code
 * LeaderMove}), and tells it what the last one knew ({@code SessionState}, {@code OpenTransaction}, {@code SessionWarnings}). The
 * session asks the new one what became of a commit ({@code CommitOutcome}, {@code CommitAge}). {@code RemoteInternals} is all that
 * the driver takes from inside of H2.
 */
package io.synod.jdbc;
