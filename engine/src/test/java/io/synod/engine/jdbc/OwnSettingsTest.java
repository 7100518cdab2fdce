package io.synod.engine.jdbc;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.jdbc.SynodDriver;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.DriverPropertyInfo;
import org.junit.jupiter.api.Test;

/** Synod's own settings in the URL of an application: they are none that H2 would know. */
class OwnSettingsTest {
    @Test
    void each_that_has_a_default_may_be_given_it() throws Exception {
        int given = 0;
        for (DriverPropertyInfo setting : new SynodDriver().getPropertyInfo("jdbc:synod:mem:own", null)) {
            if (setting.value == null || setting.value.isEmpty()) {
                continue;
            }
            given++;
            String url = "jdbc:synod:mem:own_" + given + ";" + setting.name + "=" + setting.value;
            try (Connection connection = DriverManager.getConnection(url, "sa", "")) {
                assertTrue(connection.isValid(1), url);
            }
        }
        assertTrue(given > 10, "only " + given + " settings have a default");
    }
}
