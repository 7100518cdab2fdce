/**
 * The command line, the demo, and the node processes that demo, benchmarks and fault tests start. Entry points: {@link
 * io.synod.engine.operations.SynodCommand} (main) and {@link io.synod.engine.operations.ClusterProcesses}. What is here
 * knows databases by JDBC URL and nodes as processes, as a user does.
 */
package io.synod.engine.operations;
