package io.synod.replica;

/**
 * Says of an entry that others belong to it, in the logs of other groups, where other leaders put them at about the same time: one
 * force may cover all of them.
 *
 * @param family of all the entries, in whichever phase
 * @param phase those of one phase come together; a number from 0
 * @param groups that have such entries, where this one tells; {@code null} where one of an earlier phase did
 */
public record Siblings(String family, int phase, long[] groups) {}
