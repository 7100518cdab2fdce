package io.synod.engine.database;

/**
 * One line of a digest of the database.
 *
 * @param kind TABLE, CATALOG, SEQUENCE, IDENTITY or PREPARED
 * @param name the table, the statement that creates the object, the sequence, table and column, or the prepared transaction
 */
public record DigestLine(String kind, String name, String checksum) {}
