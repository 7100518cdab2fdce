package io.synod.transport;

import java.io.IOException;

/** What a peer sent is not what this version writes: the connection is closed, nothing of the frame is used. */
final class MalformedFrameException extends IOException {
    MalformedFrameException(String message) {
        super(message);
    }
}
