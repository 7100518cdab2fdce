package io.synod.engine.session;

import static io.synod.engine.Sql.number;
import static io.synod.engine.Sql.run;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.sql.Connection;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Digests are of one place in the log, and the log does not wait for them. */
class DigestTest {
    private final MemoryGroup group = new MemoryGroup();
    private final Map<String, TestNode> peers = new HashMap<>();

    @Test
    void a_digest_is_exactly_that_of_its_index_whatever_is_applied_while_its_rows_are_read() throws Exception {
        try (TestNode a = new TestNode(group, "a", null, peers);
                TestNode b = new TestNode(group, "b", null, peers)) {
            a.lead();
            try (Connection c = a.connect()) {
                run(c, "CREATE TABLE t(id INT PRIMARY KEY, x INT, y VARCHAR)");
                run(c, "CREATE TABLE late(id INT PRIMARY KEY)");
                run(c, "INSERT INTO t SELECT x, 0, REPEAT('y', 100) FROM SYSTEM_RANGE(1, 50000)");
                long first = number(c, "CALL SYNOD.DIGEST_START()");
                int later = 0;
                do {
                    later++;
                    run(c, "UPDATE t SET x = x + 1 WHERE id > 49900", "INSERT INTO late VALUES (" + later + ")");
                } while (later < 20);
                long second = number(c, "CALL SYNOD.DIGEST_START()");
                assertTrue(second >= first + 40, first + " to " + second);
                assertEquals(
                        a.database().administration().digest(first),
                        b.database().administration().digest(first));
                assertEquals(
                        a.database().administration().digest(second),
                        b.database().administration().digest(second));
                assertNotEquals(
                        a.database().administration().digest(first),
                        a.database().administration().digest(second));
            }
        }
    }

    @Test
    void a_transaction_that_is_open_has_no_part_in_it() throws Exception {
        try (TestNode a = new TestNode(group, "a", null, peers);
                TestNode b = new TestNode(group, "b", null, peers)) {
            a.lead();
            try (Connection c = a.connect();
                    Connection open = a.connect()) {
                run(c, "CREATE TABLE t(id INT PRIMARY KEY)");
                open.setAutoCommit(false);
                run(open, "INSERT INTO t VALUES (1)");
                long index = number(c, "CALL SYNOD.DIGEST_START()");
                assertEquals(
                        a.database().administration().digest(index),
                        b.database().administration().digest(index));
                open.commit();
                long after = number(c, "CALL SYNOD.DIGEST_START()");
                assertEquals(
                        a.database().administration().digest(after),
                        b.database().administration().digest(after));
                assertNotEquals(
                        a.database().administration().digest(index),
                        a.database().administration().digest(after));
            }
        }
    }
}
