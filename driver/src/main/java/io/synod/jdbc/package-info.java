/**
 * The JDBC driver: URLs, data sources, and remote sessions that survive the loss of their node. Needs H2 and nothing
 * else; an engine on the class path is found through {@link io.synod.jdbc.EngineProvider}.
 */
package io.synod.jdbc;
