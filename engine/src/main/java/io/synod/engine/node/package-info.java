/**
 * A node: one directory, one log, one peer port, and the databases under it. The only place where log, transport, H2 and front
 * ends are put together. Entry points: {@link io.synod.engine.node.Node} and, for JDBC URLs, {@link
 * io.synod.engine.node.EmbeddedEngine}.
 */
package io.synod.engine.node;
