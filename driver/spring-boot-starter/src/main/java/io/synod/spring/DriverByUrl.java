package io.synod.spring;

import java.util.LinkedHashMap;
import java.util.Map;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.EnumerablePropertySource;
import org.springframework.core.env.MapPropertySource;
import org.springframework.core.env.PropertySource;

/**
 * Names Synod's driver beside each property {@code ….url} whose value is a {@code jdbc:synod:} URL, where the application names none.
 * Spring Boot guesses the driver by a list of URL prefixes of its own; where it knows none, it takes the embedded database on
 * the class path, {@code org.h2.Driver}, which refuses the URL.
 */
final class DriverByUrl {
    static final String SOURCE = "synodDriverByUrl";

    private static final String URL_PREFIX = "jdbc:synod:";
    private static final String DRIVER = "io.synod.jdbc.SynodDriver";

    private DriverByUrl() {}

    static void apply(ConfigurableEnvironment environment) {
        environment.getPropertySources().remove(SOURCE);
        Map<String, Object> drivers = new LinkedHashMap<>();
        for (PropertySource<?> source : environment.getPropertySources()) {
            if (source instanceof EnumerablePropertySource<?> enumerable) {
                for (String name : enumerable.getPropertyNames()) {
                    String property = canonical(name);
                    if (property.endsWith(".url") && isSynod(environment, property, name)) {
                        String siblings = property.substring(0, property.length() - "url".length());
                        if (environment.getProperty(siblings + "driver-class-name") == null
                                && environment.getProperty(siblings + "driverClassName") == null) {
                            drivers.put(siblings + "driver-class-name", DRIVER);
                        }
                    }
                }
            }
        }
        if (!drivers.isEmpty()) {
            environment.getPropertySources().addLast(new MapPropertySource(SOURCE, drivers));
        }
    }

    private static boolean isSynod(ConfigurableEnvironment environment, String property, String name) {
        String value = environment.getProperty(property);
        if (value == null) {
            value = environment.getProperty(name);
        }
        return value != null && value.startsWith(URL_PREFIX);
    }

    /** Environment variables name properties their own way: SPRING_DATASOURCE_URL. */
    private static String canonical(String name) {
        return name.equals(name.toUpperCase(java.util.Locale.ROOT))
                ? name.toLowerCase(java.util.Locale.ROOT).replace('_', '.')
                : name;
    }
}
