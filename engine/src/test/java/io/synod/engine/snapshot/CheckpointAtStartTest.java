package io.synod.engine.snapshot;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.synod.engine.writeset.Member;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.h2.mvstore.DataUtils;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A start leaves the checkpoint that it goes on from as it is: the next one may need it. */
class CheckpointAtStartTest {
    /** H2's default of RETENTION_TIME is 45 s: chunks that are older may be written over. */
    private static final long AGE_MILLIS = TimeUnit.MINUTES.toMillis(5);

    private static final Pattern CREATED = Pattern.compile("created:([0-9a-f]+)");

    @TempDir
    private Path directory;

    @Test
    void h2_rolls_back_what_was_open_without_writing_over_old_chunks() throws Exception {
        Path base = directory.resolve("shop");
        Path file = directory.resolve("shop.mv.db");
        String expected;
        int length;
        try (Member m = Member.onFile(base)) {
            m.ddl("CREATE TABLE T(ID INT PRIMARY KEY, N INT, X VARCHAR)");
            for (int round = 0; round < 10; round++) {
                Connection c = m.connect();
                Member.execute(
                        c, "MERGE INTO T SELECT X, " + round + ", REPEAT('row ' || X, 100) FROM SYSTEM_RANGE(1, 500)");
                m.commit(c);
                Member.close(c);
                m.checkpoint.take();
            }
            expected = m.dump();
            Connection open = m.connect();
            Member.execute(open, "UPDATE T SET N = -N WHERE ID < 10");
            length = (int) m.checkpoint.take().length();
        }
        age(file);
        byte[] checkpoint = held(file, length);
        for (int start = 1; start <= 2; start++) {
            try (Member m = Member.onFile(base)) {
                assertEquals(expected, m.dump(), "start " + start);
            }
            assertArrayEquals(checkpoint, held(file, length), "after start " + start);
        }
    }

    private static byte[] held(Path file, int length) throws IOException {
        return Arrays.copyOfRange(Files.readAllBytes(file), Checkpoint.HEADER, length);
    }

    /** All chunks in the file are older from now on. */
    private static void age(Path file) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        for (int at = 0; at < Checkpoint.HEADER; at += Checkpoint.HEADER / 2) {
            String header = new String(bytes, at, Checkpoint.HEADER / 2, StandardCharsets.ISO_8859_1);
            String fields = CREATED.matcher(header.substring(0, header.indexOf(",fletcher:")))
                    .replaceAll(CheckpointAtStartTest::earlier);
            byte[] summed = fields.getBytes(StandardCharsets.ISO_8859_1);
            String whole = fields + ",fletcher:"
                    + Integer.toHexString(DataUtils.getFletcher32(summed, 0, summed.length)) + '\n';
            Arrays.fill(bytes, at, at + Checkpoint.HEADER / 2, (byte) 0);
            System.arraycopy(whole.getBytes(StandardCharsets.ISO_8859_1), 0, bytes, at, whole.length());
        }
        Files.write(file, bytes);
    }

    private static String earlier(MatchResult created) {
        return "created:" + Long.toHexString(Long.parseLong(created.group(1), 16) - AGE_MILLIS);
    }
}
