/** How long commits pause when a leader is killed. Entry point: {@link io.synod.bench.failover.FailoverMeter}. */
package io.synod.bench.failover;
