package io.synod.paxos;

/**
 * What a leader knows of one of its followers.
 *
 * @param durable forced there and equal to the leader's log; 0 while nothing is known in this epoch
 * @param applied as it said last; 0 while nothing is known
 * @param silentNanos since the sending of the latest message of this leader that it answered
 */
public record PeerView(long durable, long applied, long silentNanos) {}
