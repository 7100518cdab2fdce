package io.synod.engine.federation;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Typical changes of rows over two databases change, count and refuse what they do on one. */
@Tag("long")
class FederatedChangesTest {
    private static Twin twin;

    @BeforeAll
    static void open() {
        twin = ChangeForms.twin();
    }

    @AfterAll
    static void close() {
        twin.close();
    }

    static Stream<String> forms() {
        return ChangeForms.ALL.stream();
    }

    @ParameterizedTest
    @MethodSource("forms")
    void form(String sql) {
        List<String> before = twin.content(false);
        twin.autoCommit(false);
        try {
            assertEquals(null, twin.changeDifference(sql), () -> twin.federated(sql) + "\n" + twin.explainChange(sql));
            boolean nothing =
                    twin.lastChange().startsWith("error") || twin.lastChange().equals("0 rows");
            assertEquals(nothing, twin.content(false).equals(before), sql);
        } finally {
            twin.rollback();
            twin.autoCommit(true);
        }
        assertEquals(before, twin.content(false), "rolled back everywhere");
    }
}
