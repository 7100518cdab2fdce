/**
 * Liquibase's service for {@code jdbc:synod:} URLs, found by {@link java.util.ServiceLoader} where Liquibase is on the class
 * path. Nothing else of the driver refers to this package.
 */
package io.synod.jdbc.liquibase;
