package io.synod.transport;

/**
 * A frame that was read and checked; {@code body} lies in the reader's buffer and is good until the next read.
 *
 * @param more whether another whole frame is already in the buffer
 */
record Frame(byte type, int parts, long consumed, int length, WireInput body, boolean more) {}
