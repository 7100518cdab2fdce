package io.synod.engine.database;

/**
 * One line of a digest of the database.
 *
 * @param kind TABLE, CATALOG, SEQUENCE or IDENTITY
 * @param name the table, the statement that creates the object, the sequence, or table and column
 */
public record DigestLine(String kind, String name, String checksum) {}
