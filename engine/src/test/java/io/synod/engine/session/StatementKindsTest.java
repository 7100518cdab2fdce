package io.synod.engine.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Field;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.h2.command.CommandInterface;
import org.h2.command.dml.SetTypes;
import org.junit.jupiter.api.Test;

/** Every kind of statement that H2 knows is classified by name, and docs/sql.md tells of it. */
class StatementKindsTest {
    private static final Pattern TEST = Pattern.compile("`(\\w+Test)`");

    @Test
    void every_command_type_of_h2_is_classified_and_documented() throws Exception {
        String page = page();
        List<String> forgotten = new ArrayList<>();
        for (Field field : CommandInterface.class.getFields()) {
            if (field.getType() != int.class) {
                continue;
            }
            if (StatementKinds.of(field.getInt(null)) == null) {
                forgotten.add(field.getName() + " is not classified");
            }
            if (!page.contains("`" + field.getName() + "`")) {
                forgotten.add(field.getName() + " is not in docs/sql.md");
            }
        }
        assertEquals(List.of(), forgotten);
        assertEquals(null, StatementKinds.of(9_999), "there is no default");
    }

    @Test
    void every_setting_of_h2_is_classified_and_documented() throws Exception {
        String page = page();
        List<String> forgotten = new ArrayList<>();
        for (String name : SetTypes.getTypes()) {
            if (SettingKinds.of(name) == null) {
                forgotten.add(name + " is not classified");
            }
            if (!page.contains("`" + name + "`")) {
                forgotten.add(name + " is not in docs/sql.md");
            }
        }
        assertEquals(List.of(), forgotten);
        assertEquals(null, SettingKinds.of("NO_SUCH_SETTING"), "there is no default");
    }

    @Test
    void the_tests_that_the_page_names_are_there() throws Exception {
        Matcher named = TEST.matcher(page());
        int count = 0;
        while (named.find()) {
            count++;
            String file = named.group(1) + ".java";
            try (var files = Files.walk(Path.of("src/test/java"))) {
                assertTrue(files.anyMatch(f -> f.getFileName().toString().equals(file)), file);
            }
        }
        assertTrue(count > 10, "the page names tests");
    }

    private static String page() throws Exception {
        Path page = Path.of("../docs/sql.md");
        assertNotNull(page);
        return Files.readString(page);
    }
}
