package io.synod.engine.jdbc.recorded;

import java.util.List;
import java.util.Set;

/**
 * What a program saw.
 *
 * @param lines each call with its result
 * @param called the methods, as {@link Recorder#key} names them
 */
public record Recording(List<String> lines, Set<String> called) {}
