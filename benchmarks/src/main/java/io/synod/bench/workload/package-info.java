/**
 * Workloads through any JDBC URL, in a closed loop, side by side with a second URL and the floor. Entry point: {@link
 * io.synod.bench.workload.WorkloadCommand}.
 */
package io.synod.bench.workload;
