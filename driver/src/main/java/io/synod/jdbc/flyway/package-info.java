/**
 * Flyway's plugin for {@code jdbc:synod:} URLs, found by {@link java.util.ServiceLoader} where Flyway 10 or newer is on the
 * class path. Nothing else of the driver refers to this package.
 */
package io.synod.jdbc.flyway;
