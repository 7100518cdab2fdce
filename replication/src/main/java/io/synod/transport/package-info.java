/**
 * Frames between nodes: two blocking connections per pair (data, control). Entry points: {@link
 * io.synod.transport.Transport}, {@link io.synod.transport.SocketTransport}. No send waits for a peer: what does not fit
 * into the socket's buffer is left to a writer thread per connection, within a window.
 */
package io.synod.transport;
