package io.synod.formats;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Bytes of one format as releases have written them, in a resource of lines {@code NAME VERSION HEX}. A line stays as it is as long as there
 * may be a node or a file that writes so. Where what is written changes, a line with the next version is added, behind those that are there.
 */
public final class Golden {
    private final String resource;
    /** By name, then by version. */
    private final Map<String, TreeMap<Integer, String>> lines = new LinkedHashMap<>();

    private Golden(String resource) {
        this.resource = resource;
    }

    /** What a format reads and writes. */
    public interface Format<T> {
        byte[] encode(T value) throws Exception;

        T decode(byte[] bytes) throws Exception;
    }

    /** @param resource beside the class's package, absolute: {@code /formats/messages.txt} */
    public static Golden of(Class<?> test, String resource) throws IOException {
        Golden golden = new Golden(resource);
        try (InputStream in = test.getResourceAsStream(resource)) {
            String text = in == null ? "" : new String(in.readAllBytes(), StandardCharsets.US_ASCII);
            for (String line : text.lines().filter(l -> !l.isBlank()).toList()) {
                String[] words = line.split(" ");
                String before = golden.lines
                        .computeIfAbsent(words[0], name -> new TreeMap<>())
                        .put(Integer.parseInt(words[1]), words[2]);
                assertEquals(null, before, "two lines of " + words[0] + " " + words[1]);
            }
        }
        return golden;
    }

    /**
     * Every line is understood as what was meant, and this release writes the newest line of each name.
     *
     * @param values by name; {@code NAME VERSION} where an older line lacks something that the value of the name has
     */
    public <T> void check(Map<String, T> values, Format<T> format) throws Exception {
        List<String> missing = new ArrayList<>();
        for (Map.Entry<String, T> value : values.entrySet()) {
            String name = value.getKey();
            TreeMap<Integer, String> versions = lines.getOrDefault(name, new TreeMap<>());
            String written = HexFormat.of().formatHex(format.encode(value.getValue()));
            boolean newest = !name.contains(" ");
            if (newest
                    && (versions.isEmpty()
                            || !written.equals(versions.lastEntry().getValue()))) {
                int next = versions.isEmpty() ? 1 : versions.lastKey() + 1;
                missing.add(name + " " + next + " " + written);
            }
        }
        assertEquals(
                "",
                String.join("\n", missing),
                resource
                        + " lacks what this release writes. Do nodes and files of the release before still go on with it, and it with"
                        + " theirs? Then add these lines, and change none (docs/architecture.md, formats)");
        for (Map.Entry<String, TreeMap<Integer, String>> name : lines.entrySet()) {
            for (Map.Entry<Integer, String> line : name.getValue().entrySet()) {
                String key = name.getKey() + " " + line.getKey();
                T meant = values.getOrDefault(key, values.get(name.getKey()));
                T read = format.decode(HexFormat.of().parseHex(line.getValue()));
                assertEquals(
                        HexFormat.of().formatHex(format.encode(meant)),
                        HexFormat.of().formatHex(format.encode(read)),
                        resource + ": " + key + " was read as " + read);
            }
        }
    }
}
