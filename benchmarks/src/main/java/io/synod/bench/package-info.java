/**
 * Benchmarks: micro-benchmarks ({@code *Benchmark}, JMH), and by sub-package the floor, workloads through JDBC URLs, and
 * failover measurements. Entry point: {@link io.synod.bench.BenchCommand}.
 */
package io.synod.bench;
