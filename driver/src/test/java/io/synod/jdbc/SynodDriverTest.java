package io.synod.jdbc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.sql.Connection;
import java.sql.Driver;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Arrays;
import java.util.Properties;
import java.util.ServiceLoader;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(240)
class SynodDriverTest {
    @Test
    void the_driver_is_found_and_takes_its_own_urls_only() throws SQLException {
        assertTrue(ServiceLoader.load(Driver.class).stream().anyMatch(p -> p.type() == SynodDriver.class));
        Driver driver = DriverManager.getDriver("jdbc:synod:mem:x");
        assertInstanceOf(SynodDriver.class, driver);
        assertFalse(driver.acceptsURL("jdbc:h2:mem:x"));
        assertFalse(driver.acceptsURL(null));
        assertNull(driver.connect("jdbc:h2:mem:x", new Properties()));
        assertTrue(Arrays.stream(driver.getPropertyInfo("jdbc:synod:mem:x;READ=LOCAL", new Properties()))
                .anyMatch(p -> p.name.equals("READ") && p.value.equals("LOCAL")));
    }

    @Test
    void without_an_engine_an_embedded_url_names_the_artifact_to_add() {
        SQLException e = assertThrows(SQLException.class, () -> DriverManager.getConnection("jdbc:synod:mem:x"));
        assertEquals("08001", e.getSQLState());
        assertTrue(e.getMessage().contains("io.synod:synod-engine"), e.getMessage());
    }

    @Test
    void a_wrong_password_or_an_unknown_database_fails_at_once() throws Exception {
        try (StockNode node = new StockNode()) {
            SQLException password =
                    assertThrows(SQLException.class, () -> DriverManager.getConnection(node.url(""), "sa", "wrong"));
            assertEquals("28000", password.getSQLState());
            SQLException database = assertThrows(
                    SQLException.class,
                    () -> DriverManager.getConnection(node.url("").replace("/shop", "/shoq"), "sa", "secret"));
            assertTrue(database.getErrorCode() != 90067, database.toString());
        }
    }

    @Test
    void without_any_node_the_addresses_are_named() {
        SQLException e = assertThrows(
                SQLException.class,
                () -> DriverManager.getConnection("jdbc:synod://127.0.0.1:1,127.0.0.1:2/shop;CONNECT_TIMEOUT=100"));
        assertEquals("08001", e.getSQLState());
        assertTrue(e.getMessage().contains("127.0.0.1:1") && e.getMessage().contains("127.0.0.1:2"), e.getMessage());
    }

    @Test
    void hikari_pools_it_by_url_and_by_data_source_and_keeps_its_connections_over_a_failover() throws Exception {
        try (StockNode node = new StockNode()) {
            HikariConfig byUrl = new HikariConfig();
            byUrl.setJdbcUrl(node.url(""));
            HikariConfig byClass = new HikariConfig();
            byClass.setDataSourceClassName(SynodDataSource.class.getName());
            byClass.addDataSourceProperty("url", node.url(""));
            for (HikariConfig config : new HikariConfig[] {byUrl, byClass}) {
                config.setUsername("sa");
                config.setPassword("secret");
                config.setMaximumPoolSize(1);
                // However long the session takes to find another node, it is not thrown away for it.
                config.setConnectionTimeout(120_000);
                config.setValidationTimeout(60_000);
                try (HikariDataSource pool = new HikariDataSource(config)) {
                    Connection first = use(pool);
                    node.a.cutAll();
                    node.b.cutAll();
                    assertEquals(first, use(pool));
                }
            }
        }
    }

    private static Connection use(HikariDataSource pool) throws SQLException {
        try (Connection c = pool.getConnection();
                Statement s = c.createStatement()) {
            c.setAutoCommit(false);
            s.executeQuery("SELECT COUNT(*) FROM ITEM").close();
            c.commit();
            return c.unwrap(SynodConnection.class);
        }
    }

    private static String withFamily(String url) {
        return url.replaceFirst("^jdbc:synod:", "jdbc:synod:h2:");
    }

    /** jOOQ looks for nothing but {@code :h2:} in it. */
    @Test
    void url_of_the_metadata_says_whose_sql_it_is_and_opens_the_same() throws Exception {
        try (StockNode node = new StockNode();
                Connection c = node.connect(";PASSWORD=secret");
                Connection again = DriverManager.getConnection(c.getMetaData().getURL(), "sa", "secret")) {
            assertEquals(withFamily(node.url("")), c.getMetaData().getURL(), "without the password");
            assertEquals(c.getMetaData().getURL(), again.getMetaData().getURL());
        }
    }

    @Test
    void closing_twice_is_fine_and_a_closed_connection_says_so() throws Exception {
        try (StockNode node = new StockNode()) {
            Connection c = node.connect();
            assertEquals(withFamily(node.url("")), c.getMetaData().getURL());
            Statement s = c.createStatement();
            c.close();
            c.close();
            s.close();
            assertTrue(c.isClosed());
            assertFalse(c.isValid(1));
            assertThrows(SQLException.class, c::createStatement);
        }
    }

    @Test
    void a_data_source_takes_the_name_of_the_database_apart_from_the_url() throws Exception {
        try (StockNode node = new StockNode()) {
            SynodDataSource source = new SynodDataSource();
            source.setUrl(node.url("").replace("/shop", "/"));
            source.setDatabaseName("shop");
            source.setUser("sa");
            source.setPassword("secret");
            source.setLoginTimeout(5);
            source.getConnection().close();
            assertFalse(source.toString().contains("secret"));
            source.setUrl(node.url(""));
            assertEquals(
                    "90113",
                    assertThrows(SQLException.class, source::getConnection).getSQLState());
        }
    }
}
