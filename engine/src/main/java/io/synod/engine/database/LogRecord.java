package io.synod.engine.database;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.StringReader;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.h2.util.ScriptReader;

/**
 * What a DATA entry of the log says. The codes are part of the log's format: never reuse one. A record of a newer format
 * is refused, which stops the group on this node rather than letting it diverge.
 */
public sealed interface LogRecord {
    byte FORMAT = 1;

    /** The author of statements that no user has asked for; no user can have this name. */
    String SYSTEM_USER = "\u0000";

    /** The rows that a transaction changed, encoded by {@code io.synod.engine.writeset}. */
    record WriteSet(CommitId id, byte[] rows) implements LogRecord {}

    /**
     * A statement that every member executes at this place.
     *
     * @param user whose rights it is executed with
     * @param schema the session's current schema
     * @param state statements that bring the executing session into the state of the author's
     * @param touched {@code SCHEMA.TABLE} of the tables whose rows it changes without changing their definition
     * @param restarts whether it may restart a sequence
     */
    record Statement(
            CommitId id,
            String user,
            String schema,
            List<String> state,
            List<String> touched,
            boolean restarts,
            String sql)
            implements LogRecord {
        private static final String LIST = "/*SYNOD:LIST*/ ";

        /** The text of several statements that are one entry. */
        public static String list(List<String> statements) {
            return LIST + String.join(";\n", statements);
        }

        /** The statements of it, mostly one. */
        List<String> statements() {
            if (!sql.startsWith(LIST)) {
                return List.of(sql);
            }
            List<String> statements = new ArrayList<>();
            try (ScriptReader reader = new ScriptReader(new StringReader(sql.substring(LIST.length())))) {
                for (String each; (each = reader.readStatement()) != null; ) {
                    statements.add(each);
                }
            }
            return statements;
        }
    }

    /** Makes every commit of this session with this number or a lower one, that is not in the log yet, void for ever. */
    record Fence(CommitId id) implements LogRecord {}

    /** Every member computes its digest of the database at this place. */
    record Digest() implements LogRecord {}

    /** How the statement at this index ended on its leader: an SQL error code, 0 for success. */
    record Ended(long index, int errorCode) implements LogRecord {}

    /** Sequence marks, encoded by {@code io.synod.engine.writeset}. */
    record Marks(byte[] marks) implements LogRecord {}

    /**
     * Forget what is known of client sessions that have not committed for that long. The bounds stand in the record, so that
     * members of different releases forget the same.
     *
     * @param elapsedMillis what the leader's monotonic clock has counted since its record before this one, at most
     * @param idleMillis by the log's own time, the sum of the above
     * @param newerEntries how many entries must have come since, too
     */
    record Expire(long elapsedMillis, long idleMillis, long newerEntries) implements LogRecord {}

    /**
     * A part of a write set that is too large for one entry; every member keeps it in its {@code
     * io.synod.engine.writeset.Spool}.
     *
     * @param key of the write set, unique for ever
     * @param part its number, from 0
     */
    record Part(String key, long part, byte[] bytes) implements LogRecord {}

    /**
     * Commits a write set whose parts are all in the log.
     *
     * @param parts how many
     * @param head completes the parts, encoded by {@code io.synod.engine.writeset}
     */
    record Spooled(CommitId id, String key, long parts, byte[] head) implements LogRecord {}

    /** The write set of these parts will never be committed: forget them. */
    record Abandon(String key) implements LogRecord {}

    default byte[] encode() {
        try (ByteArrayOutputStream bytes = new ByteArrayOutputStream(64);
                DataOutputStream out = new DataOutputStream(bytes)) {
            out.writeByte(FORMAT);
            if (this instanceof WriteSet r) {
                out.writeByte(1);
                write(out, r.id);
                out.write(r.rows);
            } else if (this instanceof Statement r) {
                out.writeByte(2);
                write(out, r.id);
                write(out, r.user);
                write(out, r.schema);
                write(out, r.state);
                write(out, r.touched);
                out.writeBoolean(r.restarts);
                write(out, r.sql);
            } else if (this instanceof Fence r) {
                out.writeByte(3);
                write(out, r.id);
            } else if (this instanceof Digest) {
                out.writeByte(4);
            } else if (this instanceof Ended r) {
                out.writeByte(5);
                out.writeLong(r.index);
                out.writeInt(r.errorCode);
            } else if (this instanceof Marks r) {
                out.writeByte(6);
                out.write(r.marks);
            } else if (this instanceof Expire r) {
                out.writeByte(7);
                out.writeLong(r.elapsedMillis);
                out.writeLong(r.idleMillis);
                out.writeLong(r.newerEntries);
            } else if (this instanceof Part r) {
                out.writeByte(8);
                write(out, r.key);
                out.writeLong(r.part);
                out.write(r.bytes);
            } else if (this instanceof Spooled r) {
                out.writeByte(9);
                write(out, r.id);
                write(out, r.key);
                out.writeLong(r.parts);
                out.write(r.head);
            } else if (this instanceof Abandon r) {
                out.writeByte(10);
                write(out, r.key);
            }
            out.flush();
            return bytes.toByteArray();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** @throws IllegalArgumentException for a format or kind that this version does not know, or a record cut short */
    static LogRecord decode(byte[] payload) {
        try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(payload))) {
            byte format = in.readByte();
            if (format != FORMAT) {
                throw new IllegalArgumentException("log record of format " + format + "; this version reads " + FORMAT);
            }
            byte kind = in.readByte();
            return switch (kind) {
                case 1 -> new WriteSet(readId(in), in.readAllBytes());
                case 2 ->
                    new Statement(
                            readId(in),
                            readText(in),
                            readText(in),
                            readTexts(in),
                            readTexts(in),
                            in.readBoolean(),
                            readText(in));
                case 3 -> new Fence(readId(in));
                case 4 -> new Digest();
                case 5 -> new Ended(in.readLong(), in.readInt());
                case 6 -> new Marks(in.readAllBytes());
                case 7 -> new Expire(in.readLong(), in.readLong(), in.readLong());
                case 8 -> new Part(readText(in), in.readLong(), in.readAllBytes());
                case 9 -> new Spooled(readId(in), readText(in), in.readLong(), in.readAllBytes());
                case 10 -> new Abandon(readText(in));
                default ->
                    throw new IllegalArgumentException(
                            "log record kind " + kind + "; this release of Synod knows 1 to 10: update this node");
            };
        } catch (IOException e) {
            throw new IllegalArgumentException("log record of " + payload.length + " bytes is cut short", e);
        }
    }

    private static void write(DataOutputStream out, UUID id) throws IOException {
        out.writeLong(id.getMostSignificantBits());
        out.writeLong(id.getLeastSignificantBits());
    }

    private static void write(DataOutputStream out, CommitId id) throws IOException {
        write(out, id.session());
        out.writeLong(id.number());
    }

    private static void write(DataOutputStream out, String text) throws IOException {
        byte[] utf8 = text.getBytes(java.nio.charset.StandardCharsets.UTF_8);
        out.writeInt(utf8.length);
        out.write(utf8);
    }

    private static void write(DataOutputStream out, List<String> texts) throws IOException {
        out.writeInt(texts.size());
        for (String text : texts) {
            write(out, text);
        }
    }

    private static UUID readUuid(DataInputStream in) throws IOException {
        return new UUID(in.readLong(), in.readLong());
    }

    private static CommitId readId(DataInputStream in) throws IOException {
        return new CommitId(readUuid(in), in.readLong());
    }

    private static String readText(DataInputStream in) throws IOException {
        int length = in.readInt();
        if (length < 0 || length > in.available()) {
            throw new IOException("text of " + length + " bytes in " + in.available());
        }
        return new String(in.readNBytes(length), java.nio.charset.StandardCharsets.UTF_8);
    }

    private static List<String> readTexts(DataInputStream in) throws IOException {
        int count = in.readInt();
        List<String> texts = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            texts.add(readText(in));
        }
        return List.copyOf(texts);
    }
}
