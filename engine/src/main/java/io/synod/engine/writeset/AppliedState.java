package io.synod.engine.writeset;

import io.synod.group.Members;
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
 * Where this member stands in the log, and which commits its clients have made, kept in maps of the same store as the rows
 * ({@code synod.state}, {@code synod.sessions}) and written in the same transaction. Writes come from the thread that
 * applies the log, in any session's open transaction; {@link #appliedIndex()} is thread-safe.
 */
public final class AppliedState {
    private static final String APPLIED = "applied";
    private static final String CLOCK = "clock";
    private static final String MEMBERS = "members";

    /**
     * What is known of a client session's commits.
     *
     * @param lastSeq the greatest sequence number that was committed or fenced
     * @param index the index of that entry
     * @param fenced no commit with a number up to lastSeq and after the last one committed will ever be applied
     * @param committedSeq the greatest sequence number that was committed, 0 for none
     */
    public record ClientSession(long lastSeq, long index, boolean fenced, long committedSeq) {}

    /** What H2's file holds. */
    private record Position(long index, long epoch) {}

    private final MVMap<String, VersionedValue<byte[]>> stateMap;
    private final MVMap<byte[], VersionedValue<byte[]>> sessionMap;
    private volatile Position position;
    private volatile Members members;

    private AppliedState(SessionLocal session) {
        TransactionMap<String, byte[]> state =
                session.getTransaction().openMap("synod.state", StringDataType.INSTANCE, ByteArrayDataType.INSTANCE);
        TransactionMap<byte[], byte[]> sessions = session.getTransaction()
                .openMap("synod.sessions", ByteArrayDataType.INSTANCE, ByteArrayDataType.INSTANCE);
        stateMap = state.map;
        sessionMap = sessions.map;
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
        }
    }

    /** Reads the state of an open database; index 0 for a new one. */
    public static AppliedState load(SessionLocal session) {
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

    /** Notes in the session's transaction that no commit of the client up to this number will be applied any more. */
    public void recordFence(SessionLocal session, UUID client, long seq, long index) {
        ClientSession known = find(session, client);
        if (known == null || known.lastSeq < seq) {
            put(session, client, new ClientSession(seq, index, true, known == null ? 0 : known.committedSeq));
        }
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
     * time and far back in the log. A function of the log alone: every member forgets the same.
     *
     * @param elapsedMillis how much time has gone by since the entry of this kind before this one, at most
     * @param idleMillis how long ago
     * @param newerEntries how far back
     * @param index of the entry that asks for it
     * @return how many
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
        return expired.size();
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
