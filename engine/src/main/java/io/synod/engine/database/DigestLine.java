package io.synod.engine.database;

/**
 * One line of a digest of the database.
 *
 * @param kind TABLE or CATALOG
 * @param name the table, or the statement that creates the object
 */
public record DigestLine(String kind, String name, String checksum) {}
