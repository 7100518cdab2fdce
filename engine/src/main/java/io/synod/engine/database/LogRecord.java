package io.synod.engine.database;

import io.synod.branch.Attempt;
import io.synod.branch.Branch;
import io.synod.branch.BranchEntry;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.StringReader;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.function.Consumer;
import org.h2.message.DbException;
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
        /** What H2 has no statement for: its session reads the SQL of H2 1.x. */
        public static final String QUIRKS = "SET QUIRKS_MODE";

        private static final String LIST = "/*SYNOD:LIST*/ ";

        /** Before the last statement of a list: it is not one of them, but takes them back. */
        private static final String UNDO = "/*SYNOD:UNDO*/ ";

        /** The text of several statements that are one entry. */
        public static String list(List<String> statements) {
            return LIST + String.join(";\n", statements);
        }

        /**
         * The text of several statements that are one entry and have an effect together or none.
         *
         * @param undo takes back the first of them, when a later one fails
         */
        public static String list(List<String> statements, String undo) {
            return list(statements) + ";\n" + UNDO + undo;
        }

        /** The statements of it, mostly one, and behind them what takes them back. */
        private List<String> texts() {
            if (!sql.startsWith(LIST)) {
                return List.of(sql);
            }
            List<String> statements = new ArrayList<>();
            try (ScriptReader reader = new ScriptReader(new StringReader(sql.substring(LIST.length())))) {
                for (String each; (each = reader.readStatement()) != null; ) {
                    statements.add(each.strip());
                }
            }
            return statements;
        }

        private static boolean isUndo(String text) {
            return text.startsWith(UNDO);
        }

        /** What to run one by one, mostly one. */
        public List<String> statements() {
            return texts().stream().filter(t -> !isUndo(t)).toList();
        }

        /** What to run when a statement failed that is not the first; {@code null} for nothing. */
        public String undo() {
            return texts().stream().filter(Statement::isUndo).findAny().orElse(null);
        }

        /**
         * Runs what this is, in one way on every member.
         *
         * @param run a single statement
         */
        public void run(Consumer<String> run) {
            int done = 0;
            try {
                for (String each : statements()) {
                    run.accept(each);
                    done++;
                }
            } catch (DbException e) {
                String undo = undo();
                if (done > 0 && undo != null) {
                    run.accept(undo);
                }
                throw e;
            }
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

    /**
     * A branch of a global transaction: its write set is durable and its rows stay locked until a {@link Decided} of its name
     * comes.
     *
     * @param id of the request that prepared it
     * @param attempt its coordinator's; {@link Attempt#NONE} where the decision comes from outside
     * @param time by the clock of the leader, in milliseconds since 1970; for people
     * @param key of its {@link Part}s; empty where its write set is here
     * @param parts how many
     * @param locked rows that it has locked without changing them, encoded by {@code io.synod.engine.writeset}
     * @param rows its write set, or what completes its parts
     */
    record Prepared(
            CommitId id,
            Branch branch,
            Attempt attempt,
            String user,
            long time,
            String key,
            long parts,
            byte[] locked,
            byte[] rows)
            implements LogRecord {
        /** With the attempt. Where there is none the record is one of version 1, which every release reads. */
        static final byte VERSION = 2;

        static final byte WITHOUT_ATTEMPT = 1;

        boolean isSpooled() {
            return !key.isEmpty();
        }

        Prepared withoutRows() {
            return new Prepared(id, branch, attempt, user, time, key, parts, locked, new byte[0]);
        }
    }

    /** How the branch of this name ends. */
    record Decided(CommitId id, String gid, boolean commit) implements LogRecord {
        static final byte VERSION = 1;
    }

    /** What a group has promised, accepted or refused of a branch of several: all but how it begins and ends. */
    record Voted(BranchEntry entry) implements LogRecord {
        static final byte VERSION = 1;

        /** @throws IllegalArgumentException for what has a record of its own */
        public Voted {
            if (!(entry instanceof BranchEntry.Elected
                    || entry instanceof BranchEntry.Accepted
                    || entry instanceof BranchEntry.Refused)) {
                throw new IllegalArgumentException("no vote: " + entry);
            }
        }
    }

    /** All participants know how these ended: nobody will ask. */
    record Forgotten(List<String> gids) implements LogRecord {
        static final byte VERSION = 1;
    }

    default byte[] encode() {
        if (this instanceof WriteSet r) {
            // By far the most of all, and its size is known.
            return ByteBuffer.allocate(2 + 3 * Long.BYTES + r.rows.length)
                    .put(FORMAT)
                    .put((byte) 1)
                    .putLong(r.id.session().getMostSignificantBits())
                    .putLong(r.id.session().getLeastSignificantBits())
                    .putLong(r.id.number())
                    .put(r.rows)
                    .array();
        }
        try (ByteArrayOutputStream bytes = new ByteArrayOutputStream(64);
                DataOutputStream out = new DataOutputStream(bytes)) {
            out.writeByte(FORMAT);
            if (this instanceof Statement r) {
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
            } else if (this instanceof Prepared r) {
                out.writeByte(11);
                boolean attempted = !r.attempt.equals(Attempt.NONE);
                out.writeByte(attempted ? Prepared.VERSION : Prepared.WITHOUT_ATTEMPT);
                write(out, r.id);
                BranchCodec.write(out, r.branch);
                if (attempted) {
                    BranchCodec.write(out, r.attempt);
                }
                write(out, r.user);
                out.writeLong(r.time);
                write(out, r.key);
                out.writeLong(r.parts);
                out.writeInt(r.locked.length);
                out.write(r.locked);
                out.write(r.rows);
            } else if (this instanceof Decided r) {
                out.writeByte(r.commit ? 12 : 13);
                out.writeByte(Decided.VERSION);
                write(out, r.id);
                write(out, r.gid);
            } else if (this instanceof Voted r) {
                writeVote(out, r.entry);
            } else if (this instanceof Forgotten r) {
                out.writeByte(17);
                out.writeByte(Forgotten.VERSION);
                write(out, r.gids);
            }
            out.flush();
            return bytes.toByteArray();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void writeVote(DataOutputStream out, BranchEntry entry) throws IOException {
        out.writeByte(entry instanceof BranchEntry.Elected ? 14 : entry instanceof BranchEntry.Accepted ? 15 : 16);
        out.writeByte(Voted.VERSION);
        write(out, entry.gid());
        if (entry instanceof BranchEntry.Elected elected) {
            BranchCodec.write(out, elected.attempt());
        } else if (entry instanceof BranchEntry.Accepted accepted) {
            BranchCodec.write(out, accepted.attempt());
            out.writeBoolean(accepted.commit());
        }
    }

    /** @throws IllegalArgumentException for a format or kind that this version does not know, or a record cut short */
    static LogRecord decode(byte[] payload) {
        // What is left is read from the bytes themselves: the default of a stream takes 8 KiB for a start, each time.
        ByteArrayInputStream bytes = new ByteArrayInputStream(payload);
        try (DataInputStream in = new DataInputStream(bytes)) {
            byte format = in.readByte();
            if (format != FORMAT) {
                throw new IllegalArgumentException("log record of format " + format + "; this version reads " + FORMAT);
            }
            byte kind = in.readByte();
            return switch (kind) {
                case 1 -> new WriteSet(readId(in), bytes.readAllBytes());
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
                case 6 -> new Marks(bytes.readAllBytes());
                case 7 -> new Expire(in.readLong(), in.readLong(), in.readLong());
                case 8 -> new Part(readText(in), in.readLong(), bytes.readAllBytes());
                case 9 -> new Spooled(readId(in), readText(in), in.readLong(), bytes.readAllBytes());
                case 10 -> new Abandon(readText(in));
                case 11 -> readPrepared(in);
                case 12, 13 -> {
                    checkVersion(in, Decided.VERSION, "a decision");
                    yield new Decided(readId(in), readText(in), kind == 12);
                }
                case 14, 15, 16 -> {
                    checkVersion(in, Voted.VERSION, "a vote on a global transaction");
                    yield new Voted(readVote(in, kind));
                }
                case 17 -> {
                    checkVersion(in, Forgotten.VERSION, "global transactions to forget");
                    yield new Forgotten(readTexts(in));
                }
                default ->
                    throw new IllegalArgumentException(
                            "log record kind " + kind + "; this release of Synod knows 1 to 17: update this node");
            };
        } catch (IOException e) {
            throw new IllegalArgumentException("log record of " + payload.length + " bytes is cut short", e);
        }
    }

    private static BranchEntry readVote(DataInputStream in, byte kind) throws IOException {
        String gid = readText(in);
        return switch (kind) {
            case 14 -> new BranchEntry.Elected(gid, BranchCodec.readAttempt(in));
            case 15 -> new BranchEntry.Accepted(gid, BranchCodec.readAttempt(in), in.readBoolean());
            default -> new BranchEntry.Refused(gid);
        };
    }

    private static Prepared readPrepared(DataInputStream in) throws IOException {
        byte version = in.readByte();
        if (version != Prepared.WITHOUT_ATTEMPT) {
            checkVersion(version, Prepared.VERSION, "a prepared branch");
        }
        return new Prepared(
                readId(in),
                BranchCodec.readBranch(in),
                version == Prepared.VERSION ? BranchCodec.readAttempt(in) : Attempt.NONE,
                readText(in),
                in.readLong(),
                readText(in),
                in.readLong(),
                readBytes(in),
                in.readAllBytes());
    }

    private static void checkVersion(DataInputStream in, byte known, String what) throws IOException {
        checkVersion(in.readByte(), known, what);
    }

    private static void checkVersion(byte version, byte known, String what) {
        if (version != known) {
            throw new IllegalArgumentException("log record of " + what + " has version " + version
                    + "; this release of Synod knows " + known + ": update this node");
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
        BranchCodec.write(out, text);
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
        return BranchCodec.readText(in);
    }

    private static byte[] readBytes(DataInputStream in) throws IOException {
        int length = in.readInt();
        if (length < 0 || length > in.available()) {
            throw new IOException(length + " bytes in " + in.available());
        }
        return in.readNBytes(length);
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
