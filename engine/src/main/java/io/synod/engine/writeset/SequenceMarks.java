package io.synod.engine.writeset;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import org.h2.engine.SessionLocal;
import org.h2.mvstore.MVMap;
import org.h2.mvstore.WriteBuffer;
import org.h2.mvstore.db.MVTable;
import org.h2.mvstore.tx.TransactionMap;
import org.h2.mvstore.type.ByteArrayDataType;
import org.h2.mvstore.type.StringDataType;
import org.h2.schema.Schema;
import org.h2.schema.Sequence;
import org.h2.table.Column;
import org.h2.value.VersionedValue;

/**
 * High-water marks of sequences. H2's sequences live outside its transactions, so the log carries a mark per sequence that
 * lies ahead of the values that the leader hands out; the next leader starts at the mark. A value that may be seen by a
 * client must lie below a committed mark: after each statement that may have drawn values, and before its result leaves,
 * the leader calls {@link #mustMark()}, and if it is true commits {@link #encode()} first. A transaction that commits at
 * once needs no entry of its own: its write set carries the marks that are {@link #due()}.
 *
 * <p>Sequences go by name. Those of identity columns have a random name on each node: they go by table and column. A
 * sequence with CYCLE has no mark, since it may give a value twice anyway.
 *
 * <p>Thread-safe; {@link #apply}, {@link #onDdlApplied}, {@link #beforeRestart} and {@link #lead} come from the thread that
 * applies the log.
 */
public final class SequenceMarks {
    private static final byte EXHAUSTED = 1;
    private static final byte EXACT = 2;

    /** A sequence and its committed mark. */
    private static final class Tracked {
        final String key;
        final Sequence sequence;
        volatile SequenceMark mark;
        /** It was restarted and has no mark since: its base says nothing about what was drawn. */
        volatile boolean unknown;

        Tracked(String key, Sequence sequence) {
            this.key = key;
            this.sequence = sequence;
        }

        /** By its own name or its table's; one too many costs a gap. */
        boolean mayBeNamedIn(String sql) {
            String text = sql.toUpperCase(Locale.ROOT);
            String name = key.substring(key.indexOf(' ') + 1).split("\\.")[1].toUpperCase(Locale.ROOT);
            for (int at = text.indexOf(name); at >= 0; at = text.indexOf(name, at + 1)) {
                int end = at + name.length();
                if ((at == 0 || !Character.isJavaIdentifierPart(text.charAt(at - 1)))
                        && (end == text.length() || !Character.isJavaIdentifierPart(text.charAt(end)))) {
                    return true;
                }
            }
            return false;
        }

        boolean covered() {
            if (sequence.getCycle() == Sequence.Cycle.CYCLE) {
                return true;
            }
            SequenceMark committed = mark;
            if (committed != null) {
                return committed.covers(sequence);
            }
            return !unknown && sequence.getBaseValue() == sequence.getStartValue() && !exhausted();
        }

        boolean due() {
            if (!covered()) {
                return true;
            }
            SequenceMark committed = mark;
            return committed != null && sequence.getCycle() != Sequence.Cycle.CYCLE && committed.isShort(sequence);
        }

        boolean exhausted() {
            return sequence.getCycle() == Sequence.Cycle.EXHAUSTED;
        }
    }

    private final MVMap<String, VersionedValue<byte[]>> map;
    private volatile List<Tracked> tracked = List.of();
    /** A statement is executed that may set sequences back. */
    private boolean restarting;

    private SequenceMarks(MVMap<String, VersionedValue<byte[]>> map) {
        this.map = map;
    }

    /** Reads the marks of an open database. */
    public static SequenceMarks load(SessionLocal session) {
        TransactionMap<String, byte[]> stored = session.getTransaction()
                .openMap("synod.sequences", StringDataType.INSTANCE, ByteArrayDataType.INSTANCE);
        SequenceMarks marks = new SequenceMarks(stored.map);
        marks.tracked = sequences(session);
        for (Tracked t : marks.tracked) {
            byte[] mark = stored.get(t.key);
            t.mark = mark == null ? null : decode(ByteBuffer.wrap(mark));
        }
        return marks;
    }

    /** Empties what an open database holds of marks, before {@link #load}. */
    public static void forget(SessionLocal session) {
        session.getTransaction()
                .openMap("synod.sequences", StringDataType.INSTANCE, ByteArrayDataType.INSTANCE)
                .clear();
    }

    /**
     * The marks as they are stored, equal on all members: {@code sequence SCHEMA.NAME} or {@code column SCHEMA.TABLE.NAME} to
     * what the next leader hands out first. Values already drawn on the leader are not in them.
     */
    public static Map<String, String> stored(SessionLocal session) {
        TransactionMap<String, byte[]> stored = session.getTransaction()
                .openMap("synod.sequences", StringDataType.INSTANCE, ByteArrayDataType.INSTANCE);
        Map<String, String> marks = new TreeMap<>();
        for (Map.Entry<String, byte[]> entry : stored.entrySet()) {
            SequenceMark mark = decode(ByteBuffer.wrap(entry.getValue()));
            marks.put(entry.getKey(), mark.exhausted() ? "exhausted" : "next " + mark.next());
        }
        return marks;
    }

    /** Whether a sequence has handed out values that no committed mark covers. Cheap: one look per sequence. */
    public boolean mustMark() {
        for (Tracked t : tracked) {
            if (!t.covered()) {
                return true;
            }
        }
        return false;
    }

    /** Whether a mark should be proposed soon, so that {@link #mustMark()} never comes true in the way of a client. */
    public boolean due() {
        for (Tracked t : tracked) {
            if (t.due()) {
                return true;
            }
        }
        return false;
    }

    /** New marks for the sequences that are due, for an entry of their own; {@code null} when none is. */
    public byte[] encode() {
        return due() ? bytes(false) : null;
    }

    /**
     * Marks at exactly the present values of all sequences, for a leader that stops in good order (no statement may run any
     * more): the next leader then leaves no gap. {@code null} when nothing would change.
     */
    public byte[] encodeExact() {
        for (Tracked t : tracked) {
            if (movesExactly(t)) {
                return bytes(true);
            }
        }
        return null;
    }

    /** Applies marks made by {@link #encode()} or {@link #encodeExact()}, in the session's transaction. */
    public void apply(SessionLocal session, ByteBuffer encoded) {
        ByteBuffer in = encoded.duplicate();
        WriteSetFormat.checkVersion(in.get(), "an entry of sequence marks");
        read(session, in);
    }

    /**
     * To be called on every member before a DDL statement that may restart a sequence is executed (its text has the token
     * RESTART): moves the sequences that it may mean to their marks, so that a restart can be told from values drawn. Others
     * stay where they are, or each restart of one would make a gap in all.
     */
    public synchronized void beforeRestart(String sql) {
        restarting = true;
        moveToMarks(tracked.stream().filter(t -> t.mayBeNamedIn(sql)).toList());
    }

    /**
     * A DDL statement has been executed: finds new sequences, forgets the marks of those that are gone.
     *
     * @param restart its text, where {@link #beforeRestart} was called for it, else {@code null}
     */
    public synchronized void onDdlApplied(SessionLocal session, String restart) {
        restarting = false;
        TransactionMap<String, byte[]> stored = session.getTransaction().openMapX(map);
        Map<Sequence, Tracked> byIdentity = new IdentityHashMap<>();
        Map<String, Tracked> byKey = new HashMap<>();
        for (Tracked t : tracked) {
            byIdentity.put(t.sequence, t);
            byKey.put(t.key, t);
        }
        List<Tracked> now = sequences(session);
        for (Tracked t : now) {
            // A renamed sequence, table or column keeps its mark; so does a column whose sequence H2 has built anew.
            Tracked known = byIdentity.getOrDefault(t.sequence, byKey.get(t.key));
            if (known == null) {
                continue;
            }
            t.unknown = known.unknown;
            t.mark = known.mark;
            if (restart != null && known.mayBeNamedIn(restart) && t.mark != null && isBehind(t)) {
                t.mark = null;
                t.unknown = true;
            }
        }
        Map<String, Tracked> nowByKey = new HashMap<>();
        for (Tracked t : now) {
            nowByKey.put(t.key, t);
            Tracked known = byKey.get(t.key);
            if (t.mark != null && (known == null || known.mark != t.mark)) {
                stored.put(t.key, encode(t.mark));
            }
        }
        for (Tracked t : tracked) {
            Tracked left = nowByKey.get(t.key);
            if (t.mark != null && (left == null || left.mark == null)) {
                stored.remove(t.key);
            }
        }
        tracked = now;
    }

    /**
     * For what this node, which does not lead, tells of sequences: none of the values that it may say comes next was given out
     * by the leader. Any thread.
     */
    public synchronized void show() {
        if (!restarting) {
            moveToMarks(tracked);
        }
    }

    /** This node starts to lead, nothing runs yet: no sequence gives a value below its mark any more. */
    public void lead(SessionLocal session) {
        moveToMarks(tracked);
    }

    /** Appends the marks that are due to a write set. */
    void write(WriteBuffer out) {
        write(out, due() ? tracked.stream().filter(Tracked::due).toList() : List.of(), SequenceMark::ahead, (byte) 0);
    }

    /** Reads and applies what {@link #write} wrote. */
    void read(SessionLocal session, ByteBuffer in) {
        int count = WriteSetFormat.readCount(in);
        for (int i = 0; i < count; i++) {
            String key = WriteSetFormat.readString(in);
            byte flags = in.get();
            SequenceMark mark = new SequenceMark(in.getLong(), (flags & EXHAUSTED) != 0);
            for (Tracked t : tracked) {
                if (t.key.equals(key)) {
                    set(session, t, (flags & EXACT) != 0 || t.mark == null ? mark : t.mark.max(mark, t.sequence));
                }
            }
        }
    }

    /** Passes over what {@link #write} wrote. */
    static void skip(ByteBuffer in) {
        int count = WriteSetFormat.readCount(in);
        for (int i = 0; i < count; i++) {
            WriteSetFormat.readString(in);
            in.position(in.position() + 1 + Long.BYTES);
        }
    }

    private void set(SessionLocal session, Tracked t, SequenceMark mark) {
        if (!mark.equals(t.mark)) {
            session.getTransaction().openMapX(map).put(t.key, encode(mark));
            t.mark = mark;
            t.unknown = false;
        }
    }

    private byte[] bytes(boolean exact) {
        WriteBuffer out = new WriteBuffer(64 + tracked.size() * 64);
        out.put(WriteSetFormat.VERSION);
        if (exact) {
            write(out, tracked.stream().filter(SequenceMarks::movesExactly).toList(), SequenceMark::at, EXACT);
        } else {
            write(out);
        }
        return WriteSetFormat.toBytes(out);
    }

    private static void write(
            WriteBuffer out, List<Tracked> chosen, Function<Sequence, SequenceMark> markOf, byte flags) {
        out.putVarInt(chosen.size());
        for (Tracked t : chosen) {
            SequenceMark mark = markOf.apply(t.sequence);
            WriteSetFormat.putString(out, t.key);
            out.put((byte) (flags | (mark.exhausted() ? EXHAUSTED : 0))).putLong(mark.next());
        }
    }

    private static boolean movesExactly(Tracked t) {
        if (t.sequence.getCycle() == Sequence.Cycle.CYCLE) {
            return false;
        }
        return t.mark == null ? !t.covered() : !t.mark.equals(SequenceMark.at(t.sequence));
    }

    private static void moveToMarks(List<Tracked> sequences) {
        for (Tracked t : sequences) {
            if (t.mark == null || t.sequence.getCycle() == Sequence.Cycle.CYCLE || !isBehind(t)) {
                continue;
            }
            if (t.mark.exhausted()) {
                t.sequence.modify(null, null, null, null, null, Sequence.Cycle.EXHAUSTED, null);
            } else {
                t.sequence.modify(t.mark.next(), null, null, null, null, null, null);
            }
            t.sequence.flush(null);
        }
    }

    /** Whether the sequence would give values that lie before its mark. */
    private static boolean isBehind(Tracked t) {
        if (t.exhausted()) {
            return false;
        }
        return t.mark.exhausted()
                || (t.sequence.getIncrement() > 0
                        ? t.sequence.getBaseValue() < t.mark.next()
                        : t.sequence.getBaseValue() > t.mark.next());
    }

    private static List<Tracked> sequences(SessionLocal session) {
        List<Tracked> found = new ArrayList<>();
        for (Schema schema : session.getDatabase().getAllSchemasNoMeta()) {
            for (Sequence sequence : schema.getAllSequences()) {
                if (!sequence.getBelongsToTable() && !sequence.isTemporary()) {
                    found.add(new Tracked("sequence " + schema.getName() + '.' + sequence.getName(), sequence));
                }
            }
        }
        for (MVTable table : TableRegistry.replicatedTables(session.getDatabase(), session)) {
            for (Column column : table.getColumns()) {
                Sequence sequence = column.getSequence();
                if (sequence != null && sequence.getBelongsToTable()) {
                    String key = "column " + TableRegistry.name(table) + '.' + column.getName();
                    found.add(new Tracked(key, sequence));
                }
            }
        }
        found.sort(Comparator.comparing(t -> t.key));
        return List.copyOf(found);
    }

    private static byte[] encode(SequenceMark mark) {
        return ByteBuffer.allocate(9)
                .putLong(mark.next())
                .put((byte) (mark.exhausted() ? 1 : 0))
                .array();
    }

    private static SequenceMark decode(ByteBuffer in) {
        return new SequenceMark(in.getLong(), in.get() != 0);
    }
}
