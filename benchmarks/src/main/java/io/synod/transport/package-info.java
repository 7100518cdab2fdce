/** Benchmarks of what this package hides: {@link io.synod.transport.MessageCodecBenchmark}. */
package io.synod.transport;
