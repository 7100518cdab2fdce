package io.synod.engine.writeset;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.h2.engine.SessionLocal;
import org.h2.mvstore.MVMap;
import org.h2.mvstore.tx.TransactionMap;
import org.h2.mvstore.type.ByteArrayDataType;
import org.h2.mvstore.type.StringDataType;
import org.h2.value.VersionedValue;

/**
 * What this member's log says of global transactions, kept in a map of the same store as the rows ({@code synod.branches}) and
 * written in the same transaction as what an entry does. By the thread that applies the log.
 */
public final class BranchMap {
    private static final String NAME = "synod.branches";

    private final MVMap<String, VersionedValue<byte[]>> map;

    private BranchMap(MVMap<String, VersionedValue<byte[]>> map) {
        this.map = map;
    }

    /** Opens that of an open database, or makes it. */
    public static BranchMap open(SessionLocal session) {
        return new BranchMap(openIn(session).map);
    }

    private static TransactionMap<String, byte[]> openIn(SessionLocal session) {
        return session.getTransaction().openMap(NAME, StringDataType.INSTANCE, ByteArrayDataType.INSTANCE);
    }

    /** See {@link AppliedState#forgetBeyond}. */
    static void clear(SessionLocal session) {
        openIn(session).clear();
    }

    /** Everything, by the names of the transactions. */
    public Map<String, byte[]> all(SessionLocal session) {
        Map<String, byte[]> all = new LinkedHashMap<>();
        session.getTransaction().openMapX(map).entrySet().forEach(e -> all.put(e.getKey(), e.getValue()));
        return all;
    }

    /** Adds it to those of which a snapshot is taken. */
    @SuppressWarnings({"unchecked", "rawtypes"})
    public void addTo(Set<MVMap<Object, VersionedValue<Object>>> maps) {
        maps.add((MVMap) map);
    }

    /** In the session's transaction. */
    public void put(SessionLocal session, String gid, byte[] bytes) {
        session.getTransaction().openMapX(map).put(gid, bytes);
    }

    /** In the session's transaction. */
    public void remove(SessionLocal session, String gid) {
        session.getTransaction().openMapX(map).remove(gid);
    }
}
