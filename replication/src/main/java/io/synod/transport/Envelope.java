package io.synod.transport;

import io.synod.paxos.Message;

/** A message and the group that it is about; several of these for one peer travel in one frame. */
public record Envelope(long group, Message message) {}
