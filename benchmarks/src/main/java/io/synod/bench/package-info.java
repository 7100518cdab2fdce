/**
 * Benchmarks: micro-benchmarks ({@code *Benchmark}, JMH), and by sub-package the floor, workloads through JDBC URLs, and
 * failover measurements, TPC-H over two databases. Entry point: {@link io.synod.bench.BenchCommand}.
 */
package io.synod.bench;
