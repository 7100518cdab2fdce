package io.synod.spring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.jdbc.SynodDriver;
import io.synod.jdbc.SynodUrl;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import javax.sql.DataSource;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.springframework.boot.SpringBootVersion;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.jdbc.EmbeddedDatabaseConnection;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;
import org.springframework.jdbc.core.JdbcTemplate;

/** A Spring Boot application that names nothing but the URL; run with Boot 4 here, and with Boot 3.5 by its own module. */
class OnlyTheUrlChangesTest {
    @Configuration
    @EnableAutoConfiguration
    static class Application {}

    private String url;

    @BeforeEach
    void a_database_of_its_own(TestInfo test) {
        url = "jdbc:synod:mem:" + test.getTestMethod().orElseThrow().getName().replace("_", "") + ";DB_CLOSE_DELAY=-1";
    }

    @Test
    void boot_is_the_expected_one() {
        assertTrue(SpringBootVersion.getVersion().startsWith(System.getProperty("boot.expected")));
    }

    @Test
    void a_data_source_by_url_alone_is_one_of_Synod_and_not_taken_for_a_throw_away() throws SQLException {
        try (var context = run("spring.datasource.url=" + url)) {
            DataSource dataSource = context.getBean(DataSource.class);
            JdbcTemplate sql = context.getBean(JdbcTemplate.class);
            sql.execute("CREATE TABLE t(id INT PRIMARY KEY)");
            sql.update("INSERT INTO t VALUES(1)");
            assertEquals(1, sql.queryForObject("SELECT COUNT(*) FROM t", Integer.class));
            assertFalse(EmbeddedDatabaseConnection.isEmbedded(dataSource));
            try (var connection = dataSource.getConnection()) {
                assertTrue(connection.getMetaData().getURL().startsWith("jdbc:synod:"));
                assertEquals("H2", connection.getMetaData().getDatabaseProductName());
            }
        }
    }

    @Test
    void an_environment_variable_names_the_url_as_well() {
        Map<String, Object> variables = Map.of("SPRING_DATASOURCE_URL", url);
        try (var context = application("spring.main.banner-mode=off")
                .environment(new org.springframework.core.env.StandardEnvironment() {
                    @Override
                    public Map<String, Object> getSystemEnvironment() {
                        return variables;
                    }
                })
                .run()) {
            assertEquals(
                    SynodDriver.class.getName(),
                    context.getEnvironment().getProperty("spring.datasource.driver-class-name"));
            assertEquals(1, context.getBean(JdbcTemplate.class).queryForObject("SELECT 1 FROM DUAL", Integer.class));
        }
    }

    @Test
    void any_other_url_property_gets_the_driver_and_what_the_application_says_goes_first() {
        try (var context = run(
                "spring.datasource.url=" + url,
                "app.orders.datasource.url=jdbc:synod:mem:orders",
                "app.stock.datasource.url=jdbc:synod:mem:stock",
                "app.stock.datasource.driver-class-name=com.example.Own",
                "app.old.datasource.url=jdbc:h2:mem:old")) {
            var environment = context.getEnvironment();
            assertEquals(
                    SynodDriver.class.getName(), environment.getProperty("app.orders.datasource.driver-class-name"));
            assertEquals("com.example.Own", environment.getProperty("app.stock.datasource.driver-class-name"));
            assertEquals(null, environment.getProperty("app.old.datasource.driver-class-name"));
        }
    }

    @Test
    void flyway_migrates_by_url_alone() {
        try (var context =
                run("spring.datasource.url=" + url, "spring.flyway.enabled=true", "spring.flyway.url=" + url)) {
            assertEquals(
                    1, context.getBean(JdbcTemplate.class).queryForObject("SELECT COUNT(*) FROM migrated", int.class));
        }
    }

    @Test
    void liquibase_migrates_by_url_alone() {
        try (var context =
                run("spring.datasource.url=" + url, "spring.liquibase.enabled=true", "spring.liquibase.url=" + url)) {
            assertEquals(
                    1, context.getBean(JdbcTemplate.class).queryForObject("SELECT COUNT(*) FROM changed", int.class));
        }
    }

    @Test
    void health_names_leader_and_members() throws ReflectiveOperationException {
        try (var context = run("spring.datasource.url=" + url)) {
            // By name: the type is another one in Boot 3.
            Object health = call(context.getBean("synodHealthIndicator"), "health");
            assertEquals("UP", call(health, "getStatus").toString());
            String details = call(health, "getDetails").toString();
            assertTrue(details.contains("leader=") && !details.contains("leader=none"), details);
            assertTrue(details.contains("role=LEADER"), details);
        }
    }

    @Test
    void health_can_be_switched_off() {
        try (var context = run("spring.datasource.url=" + url, "management.health.synod.enabled=false")) {
            assertFalse(context.containsBean("synodHealthIndicator"));
        }
    }

    /** What editors offer: the property of the test before, and URLs that are ones. */
    @Test
    void configuration_metadata_names_what_there_is() throws Exception {
        // Boot's own jars have a file of this name as well.
        String json = "";
        for (URL file : Collections.list(SynodDriver.class
                .getClassLoader()
                .getResources("META-INF/additional-spring-configuration-metadata.json"))) {
            try (var in = file.openStream()) {
                String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
                json = text.contains("jdbc:synod:") ? text : json;
            }
        }
        assertEquals(List.of("management.health.synod.enabled"), found("\"name\": \"([^\"]+\\.enabled)\"", json));
        List<String> urls = found("\"value\": \"([^\"]+)\"", json);
        assertEquals(4, urls.size());
        for (String offered : urls) {
            SynodUrl.parse(offered, null);
        }
    }

    private static List<String> found(String pattern, String text) {
        return Pattern.compile(pattern)
                .matcher(text)
                .results()
                .map(result -> result.group(1))
                .toList();
    }

    private static Object call(Object target, String method) throws ReflectiveOperationException {
        var found = target.getClass().getMethod(method);
        found.setAccessible(true);
        return found.invoke(target);
    }

    private static ConfigurableApplicationContext run(String... properties) {
        return application(properties).run();
    }

    private static SpringApplicationBuilder application(String... properties) {
        List<String> all = new ArrayList<>(List.of(
                "spring.main.banner-mode=off",
                "spring.flyway.enabled=false",
                "spring.liquibase.enabled=false",
                "spring.jmx.enabled=false",
                "logging.level.root=WARN"));
        all.addAll(List.of(properties));
        return new SpringApplicationBuilder(Application.class)
                .web(WebApplicationType.NONE)
                .registerShutdownHook(false)
                .properties(all.toArray(String[]::new));
    }
}
