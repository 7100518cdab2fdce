package io.synod.jdbc;

import java.io.StringReader;
import java.util.ArrayList;
import java.util.List;
import org.h2.util.ScriptReader;

/** Several statements in one text. */
final class SqlList {
    private SqlList() {}

    /** @return the statements, without remarks between them and without empty ones */
    static List<String> split(String sql) {
        List<String> parts = new ArrayList<>();
        try (ScriptReader reader = new ScriptReader(new StringReader(sql))) {
            reader.setSkipRemarks(true);
            for (String part; (part = reader.readStatement()) != null; ) {
                if (!part.isBlank()) {
                    parts.add(part.strip());
                }
            }
        }
        return parts;
    }
}
