/** Frames between nodes: two blocking connections per pair (data, control). Entry point: {@link io.synod.transport.Transport}. */
package io.synod.transport;
