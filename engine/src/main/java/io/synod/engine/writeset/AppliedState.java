package io.synod.engine.writeset;

import io.synod.group.Members;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.h2.engine.SessionLocal;
import org.h2.mvstore.MVMap;
import org.h2.mvstore.tx.TransactionMap;
import org.h2.mvstore.type.ByteArrayDataType;
import org.h2.mvstore.type.StringDataType;
import org.h2.value.VersionedValue;

/**
 * Where this member stands in the log, which commits its clients have made, and how prepared branches were decided, kept in
 * maps of the same store as the rows ({@code synod.state}, {@code synod.sessions}, {@code synod.decided}) and written in the same transaction. Writes come from the thread that
 * applies the log, in any session's open transaction; {@link #appliedIndex()} is thread-safe.
 */
public final class AppliedState {
    private static final String APPLIED = "applied";
    private static final String CLOCK = "clock";
    private static final String MEMBERS = "members";
    private static final String DECIDED = "synod.decided";
    /** How the values of these maps and of {@code synod.branches} are laid out; where nothing is said, 1. */
    private static final String FORMAT = "format";

    private static final byte VERSION = 1;

    /**
     * What is known of a client session's commits.
     *
     * @param lastSeq the greatest sequence number that was committed or fenced
     * @param index the index of that entry
     * @param fenced no commit with a number up to lastSeq and after the last one committed will ever be applied
     * @param committedSeq the greatest sequence number that was committed, 0 for none
     */
    public record ClientSession(long lastSeq, long index, boolean fenced, long committedSeq) {}

    /**
     * How a prepared branch ended.
     *
     * @param index of the entry that says so
     */
    public record Decision(boolean committed, long index) {}

    /** What H2's file holds. */
    private record Position(long index, long epoch) {}

    private final MVMap<String, VersionedValue<byte[]>> stateMap;
    private final MVMap<byte[], VersionedValue<byte[]>> sessionMap;
    private final MVMap<String, VersionedValue<byte[]>> decidedMap;
    private volatile Position position;
    private volatile Members members;

    private AppliedState(SessionLocal session) throws IOException {
        TransactionMap<String, byte[]> state =
                session.getTransaction().openMap("synod.state", StringDataType.INSTANCE, ByteArrayDataType.INSTANCE);
        checkFormat(state);
        TransactionMap<byte[], byte[]> sessions = session.getTransaction()
                .openMap("synod.sessions", ByteArrayDataType.INSTANCE, ByteArrayDataType.INSTANCE);
        stateMap = state.map;
        sessionMap = sessions.map;
        TransactionMap<String, byte[]> decided =
                session.getTransaction().openMap(DECIDED, StringDataType.INSTANCE, ByteArrayDataType.INSTANCE);
        decidedMap = decided.map;
        byte[] stored = state.get(APPLIED);
        if (stored == null) {
            position = new Position(0, 0);
        } else {
            ByteBuffer in = ByteBuffer.wrap(stored);
            position = new Position(in.getLong(), in.getLong());
        }
        byte[] configuration = state.get(MEMBERS);
        members = configuration == null ? null : Members.decode(configuration);
    }

    private static void checkFormat(TransactionMap<String, byte[]> state) throws IOException {
        byte[] format = state.get(FORMAT);
        if (format == null) {
            state.put(FORMAT, new byte[] {VERSION});
        } else if (format[0] != VERSION) {
            throw new IOException("what the database file says of the log has format version " + format[0]
                    + "; this release of Synod reads version " + VERSION + ": update this node");
        }
    }

    /**
     * Forgets, in the session's transaction, a position in the log of another group: a file that was copied from there begins
     * anew. A position below the next index is one of this log, and stays.
     */
    public static void forgetBeyond(SessionLocal session, long next) {
        TransactionMap<String, byte[]> state =
                session.getTransaction().openMap("synod.state", StringDataType.INSTANCE, ByteArrayDataType.INSTANCE);
        byte[] stored = state.get(APPLIED);
        if (stored != null && ByteBuffer.wrap(stored).getLong() >= next) {
            state.remove(APPLIED);
            session.getTransaction()
                    .openMap("synod.sessions", ByteArrayDataType.INSTANCE, ByteArrayDataType.INSTANCE)
                    .clear();
            session.getTransaction()
                    .openMap(DECIDED, StringDataType.INSTANCE, ByteArrayDataType.INSTANCE)
                    .clear();
            BranchMap.clear(session);
        }
    }

    /**
     * Reads the state of an open database; index 0 for a new one. To be committed.
     *
     * @throws IOException it is of a later release
     */
    public static AppliedState load(SessionLocal session) throws IOException {
        return new AppliedState(session);
    }

    /** Puts index and epoch of the entry that is being applied into the session's transaction; commit follows. */
    public void advance(SessionLocal session, long index, long epoch) {
        if (index <= position.index) {
            throw new IllegalStateException("entry " + index + " was to be applied after entry " + position.index);
        }
        byte[] bytes = ByteBuffer.allocate(16).putLong(index).putLong(epoch).array();
        session.getTransaction().openMapX(stateMap).put(APPLIED, bytes);
    }

    /**
     * To be called when the transaction with {@link #advance} has been committed, and before the {@code StatementGate} is
     * left: a checkpoint reads it.
     */
    public void committed(long index, long epoch) {
        position = new Position(index, epoch);
    }

    /** Notes in the session's transaction which configuration is in force from the entry on that is being applied. */
    public void configure(SessionLocal session, byte[] configuration) {
        session.getTransaction().openMapX(stateMap).put(MEMBERS, configuration);
        members = Members.decode(configuration);
    }

    /** The configuration in force at the last entry; {@code null} as long as there was no entry of one. */
    public Members members() {
        return members;
    }

    /** Index of the last entry that is committed in H2; 0 for none. */
    public long appliedIndex() {
        return position.index;
    }

    public long appliedEpoch() {
        return position.epoch;
    }

    /** Notes in the session's transaction that a client's commit is applied at an index. */
    public void recordCommit(SessionLocal session, UUID client, long seq, long index) {
        put(session, client, new ClientSession(seq, index, false, seq));
    }

    /**
     * As {@link #recordCommit}, of a commit whose client may have made others here since it asked for it: the commit of a
     * global transaction is decided elsewhere.
     */
    public void recordLateCommit(SessionLocal session, UUID client, long seq, long index) {
        ClientSession known = find(session, client);
        if (known == null || known.lastSeq <= seq) {
            recordCommit(session, client, seq, index);
        } else {
            long committed = Math.max(known.committedSeq, seq);
            put(session, client, new ClientSession(known.lastSeq, index, known.fenced, committed));
        }
    }

    /** Notes in the session's transaction that no commit of the client up to this number will be applied any more. */
    public void recordFence(SessionLocal session, UUID client, long seq, long index) {
        ClientSession known = find(session, client);
        if (known == null || known.lastSeq < seq) {
            put(session, client, new ClientSession(seq, index, true, known == null ? 0 : known.committedSeq));
        }
    }

    /** Notes in the session's transaction how a branch was decided: its manager may ask again. */
    public void recordDecision(SessionLocal session, String gid, boolean committed, long index) {
        byte[] bytes = ByteBuffer.allocate(9)
                .putLong(index)
                .put((byte) (committed ? 1 : 0))
                .array();
        session.getTransaction().openMapX(decidedMap).put(gid, bytes);
    }

    /**
     * How the last branch of this name was decided, as of the last commit here. Thread-safe.
     *
     * @return {@code null} for none, or one that has expired
     */
    public Decision decision(String gid) {
        VersionedValue<byte[]> stored = decidedMap.get(gid);
        byte[] bytes = stored == null ? null : stored.getCommittedValue();
        return bytes == null ? null : decision(bytes);
    }

    /** Whether it is known how the branch of this name was decided, as the session sees it. */
    public boolean isDecided(SessionLocal session, String gid) {
        return session.getTransaction().openMapX(decidedMap).containsKey(gid);
    }

    private static Decision decision(byte[] stored) {
        ByteBuffer in = ByteBuffer.wrap(stored);
        long index = in.getLong();
        return new Decision(in.get() != 0, index);
    }

    /** How many decisions are remembered, roughly while entries are applied. Thread-safe. */
    public long decisions() {
        return decidedMap.sizeAsLong();
    }

    /** @return {@code null} for a session that has committed nothing yet, or whose record has expired */
    public ClientSession find(SessionLocal session, UUID client) {
        byte[] stored = sessions(session).get(key(client));
        return stored == null ? null : decode(stored);
    }

    /**
     * The same without a transaction: as of the last commit here. By the holder of the apply baton, between two entries: it
     * is the only one who writes.
     */
    public ClientSession committed(UUID client) {
        VersionedValue<byte[]> stored = sessionMap.get(key(client));
        byte[] bytes = stored == null ? null : stored.getCurrentValue();
        return bytes == null ? null : decode(bytes);
    }

    /**
     * Forgets, in the session's transaction, the client sessions whose last commit or fence is both long ago by the log's own
     * time and far back in the log, and the decisions that are. A function of the log alone: every member forgets the same.
     *
     * @param elapsedMillis how much time has gone by since the entry of this kind before this one, at most
     * @param idleMillis how long ago
     * @param newerEntries how far back
     * @param index of the entry that asks for it
     * @return how many sessions
     */
    public int expire(SessionLocal session, long elapsedMillis, long idleMillis, long newerEntries, long index) {
        TransactionMap<String, byte[]> state = session.getTransaction().openMapX(stateMap);
        LoggedClock clock = LoggedClock.decode(state.get(CLOCK));
        long last = Math.min(clock.advance(elapsedMillis, index, idleMillis), index - newerEntries);
        state.put(CLOCK, clock.encode());
        TransactionMap<byte[], byte[]> sessions = sessions(session);
        List<byte[]> expired = new ArrayList<>();
        if (last > 0) {
            for (Map.Entry<byte[], byte[]> entry : sessions.entrySet()) {
                if (decode(entry.getValue()).index <= last) {
                    expired.add(entry.getKey());
                }
            }
        }
        expired.forEach(sessions::remove);
        if (last > 0) {
            expireDecisions(session, last);
        }
        return expired.size();
    }

    private void expireDecisions(SessionLocal session, long last) {
        TransactionMap<String, byte[]> decided = session.getTransaction().openMapX(decidedMap);
        List<String> expired = new ArrayList<>();
        for (Map.Entry<String, byte[]> entry : decided.entrySet()) {
            if (decision(entry.getValue()).index() <= last) {
                expired.add(entry.getKey());
            }
        }
        expired.forEach(decided::remove);
    }

    /** How many client sessions are known, roughly while entries are applied. Thread-safe. */
    public long clientSessions() {
        return sessionMap.sizeAsLong();
    }

    private void put(SessionLocal session, UUID client, ClientSession record) {
        byte[] bytes = ByteBuffer.allocate(25)
                .putLong(record.lastSeq)
                .putLong(record.index)
                .put((byte) (record.fenced ? 1 : 0))
                .putLong(record.committedSeq)
                .array();
        sessions(session).put(key(client), bytes);
    }

    private TransactionMap<byte[], byte[]> sessions(SessionLocal session) {
        return session.getTransaction().openMapX(sessionMap);
    }

    private static ClientSession decode(byte[] stored) {
        ByteBuffer in = ByteBuffer.wrap(stored);
        return new ClientSession(in.getLong(), in.getLong(), in.get() != 0, in.getLong());
    }

    private static byte[] key(UUID client) {
        return ByteBuffer.allocate(16)
                .putLong(client.getMostSignificantBits())
                .putLong(client.getLeastSignificantBits())
                .array();
    }
}
