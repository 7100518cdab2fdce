/** Bytes that releases have written, kept as they were. */
package io.synod.formats;
