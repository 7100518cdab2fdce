/**
 * Multi-Paxos over a log without holes, as pure state machines: (state, input, now) → effects. No threads, no clock, no
 * files, no sockets; the simulator runs these very classes. Entry point: {@link io.synod.paxos.GroupState}.
 */
package io.synod.paxos;
