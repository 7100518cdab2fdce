package io.synod.clients;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.Driver;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.List;
import java.util.Properties;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The driver with none of the libraries that it has something for, and with other versions of them than the rest of these tests. */
class VersionsTest {
    @TempDir
    private Path directory;

    @Test
    void the_driver_works_without_flyway_and_liquibase() throws Exception {
        String url = Cluster.shared().url("ALONE");
        try (Isolated alone = Isolated.of(List.of())) {
            assertThrows(ClassNotFoundException.class, () -> alone.load("org.flywaydb.core.Flyway"));
            assertThrows(ClassNotFoundException.class, () -> alone.load("liquibase.Liquibase"));
            Driver driver = assertInstanceOf(
                    Driver.class,
                    alone.load("io.synod.jdbc.SynodDriver").getConstructor().newInstance());
            Properties login = new Properties();
            login.setProperty("user", Cluster.USER);
            login.setProperty("password", Cluster.PASSWORD);
            try (Connection c = driver.connect(url, login)) {
                assertTrue(c.isValid((int) Await.LIMIT.toSeconds()));
            }
        }
    }

    /** By reflection: the classes have the names that this test was compiled against, and are others. */
    @ParameterizedTest
    @CsvSource({"10, flyway-10", "11, flyway-11"})
    void older_flyways_find_the_plugin_by_url(String version, String jars) throws Exception {
        String url = Cluster.shared().url("OLDER_" + version);
        Files.writeString(
                directory.resolve("V1__one.sql"),
                "CREATE TABLE ONE(ID INT);\nINSERT INTO ONE VALUES (" + version + ");");
        try (Isolated older = Isolated.of(List.of("/org/slf4j/"), jars, "jackson")) {
            Class<?> flyway = older.load("org.flywaydb.core.Flyway");
            assertTrue(
                    flyway.getProtectionDomain()
                            .getCodeSource()
                            .getLocation()
                            .getPath()
                            .contains("flyway-core-" + version + "."),
                    "loaded from " + flyway.getProtectionDomain().getCodeSource());
            older.run(() -> {
                Object configuration = flyway.getMethod("configure").invoke(null);
                Class<?> type = configuration.getClass();
                type.getMethod("dataSource", String.class, String.class, String.class)
                        .invoke(configuration, url, Cluster.USER, Cluster.PASSWORD);
                type.getMethod("locations", String[].class)
                        .invoke(configuration, (Object) new String[] {"filesystem:" + directory});
                Object loaded = type.getMethod("load").invoke(configuration);
                return flyway.getMethod("migrate").invoke(loaded);
            });
        }
        try (Connection c = DriverManager.getConnection(url, Cluster.USER, Cluster.PASSWORD);
                Statement s = c.createStatement();
                ResultSet rows =
                        s.executeQuery("SELECT ID, (SELECT COUNT(*) FROM \"flyway_schema_history\") FROM ONE")) {
            assertTrue(rows.next());
            assertEquals(Integer.parseInt(version), rows.getInt(1));
            assertTrue(rows.getInt(2) > 0);
        }
    }
}
