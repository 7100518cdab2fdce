/** Values that every part of replication shares: epochs, entries, members, limits. No threads, no I/O, no clock. */
package io.synod.group;
