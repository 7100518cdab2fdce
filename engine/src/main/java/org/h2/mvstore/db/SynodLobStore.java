package org.h2.mvstore.db;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.ArrayList;
import java.util.List;
import org.h2.mvstore.MVMap;
import org.h2.mvstore.MVStore;
import org.h2.mvstore.StreamStore;
import org.h2.mvstore.tx.TransactionStore;
import org.h2.mvstore.type.ByteArrayDataType;
import org.h2.mvstore.type.LongDataType;
import org.h2.value.Value;

/**
 * Decides when H2 frees the space of LOBs that nobody refers to any more. H2 does it on a thread of its own, beside which a
 * checkpoint could hold one of its maps before and another one after; and it forgets at a kill what it had still to free.
 *
 * <p>To be called with nothing else changing the store, but for {@link #hasWork()}.
 */
public final class SynodLobStore {
    private static final MethodHandle CLEANUP;
    private static final MethodHandle NEEDS_CLEANUP;

    static {
        try {
            MethodHandles.Lookup lookup = MethodHandles.privateLookupIn(LobStorageMap.class, MethodHandles.lookup());
            CLEANUP = lookup.findVirtual(LobStorageMap.class, "cleanup", MethodType.methodType(void.class, long.class));
            NEEDS_CLEANUP =
                    lookup.findVirtual(LobStorageMap.class, "needCleanup", MethodType.methodType(boolean.class));
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final LobStorageMap lobs;
    private volatile long oldestVersion;

    /** From now on nothing is freed but by {@link #free}. */
    public SynodLobStore(MVStore store, LobStorageMap lobs) {
        this.lobs = lobs;
        store.setOldestVersionTracker(version -> oldestVersion = version);
    }

    public boolean hasWork() {
        try {
            return (boolean) NEEDS_CLEANUP.invokeExact(lobs);
        } catch (Throwable e) {
            throw new IllegalStateException("asking H2 whether LOBs are to be removed", e);
        }
    }

    /** Frees the space of LOBs that were removed and that no reader can have under way. */
    public void free() {
        try {
            CLEANUP.invokeExact(lobs, oldestVersion);
        } catch (Throwable e) {
            throw new IllegalStateException("removing LOBs from H2's store", e);
        }
    }

    /**
     * After the store was opened, and before anybody uses it: forgets temporary LOBs, which belonged to sessions that are gone,
     * and references to LOBs that are not there. A checkpoint may hold a temporary LOB without its reference or the other way
     * round, since queries make such copies without changing anything else.
     *
     * @return how many were forgotten
     */
    public static int forgetTemporary(TransactionStore transactions) {
        MVMap<Long, byte[]> temporary =
                transactions.openMap("tempLobMap", LongDataType.INSTANCE, ByteArrayDataType.INSTANCE);
        MVMap<LobStorageMap.BlobReference, Value> references =
                transactions.openMap("lobRef", LobStorageMap.BlobReference.Type.INSTANCE, NullValueDataType.INSTANCE);
        MVMap<Long, LobStorageMap.BlobMeta> stored = LobStorageMap.openLobMap(transactions);
        List<LobStorageMap.BlobReference> dangling = new ArrayList<>();
        for (LobStorageMap.BlobReference reference : references.keySet()) {
            LobStorageMap.BlobMeta meta = stored.get(reference.lobId);
            if (meta == null || !java.util.Arrays.equals(meta.streamStoreId, reference.streamStoreId)) {
                dangling.add(reference);
            }
        }
        int forgotten = (int) temporary.sizeAsLong();
        temporary.clear();
        StreamStore streams = new StreamStore(LobStorageMap.openLobDataMap(transactions));
        for (LobStorageMap.BlobReference reference : dangling) {
            references.remove(reference);
            LobStorageMap.BlobReference next =
                    references.ceilingKey(new LobStorageMap.BlobReference(reference.streamStoreId, 0));
            if (next == null || !java.util.Arrays.equals(next.streamStoreId, reference.streamStoreId)) {
                streams.remove(reference.streamStoreId);
            }
        }
        return Math.max(forgotten, dangling.size());
    }
}
