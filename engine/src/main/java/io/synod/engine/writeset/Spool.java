package io.synod.engine.writeset;

import io.synod.group.Invariant;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import org.h2.mvstore.MVMap;
import org.h2.mvstore.MVStore;
import org.h2.mvstore.type.ByteArrayDataType;
import org.h2.mvstore.type.LongDataType;
import org.h2.mvstore.type.StringDataType;

/**
 * What the log holds of write sets that are not decided yet: parts of large transactions on their way, and whole ones that
 * wait for a decision (prepared branches of global transactions). It lies in maps of the database's own store, so that it
 * costs no memory and is part of every checkpoint and snapshot.
 *
 * <pre>
 * (none) ─append→ OPEN ─append→ OPEN ─seal→ SEALED
 *            │       └──────────┬─────────────┘
 *        dropOpen               └─drop→ (none)
 * </pre>
 *
 * An item is OPEN while its parts arrive; it belongs to the leadership that logs them, and {@link #dropOpen} forgets it when
 * the next leadership begins. Sealed, it stays through changes of leadership and restarts until it is dropped. Sealing it
 * with a {@linkplain Item#head() head} without any part is allowed.
 *
 * <p><b>Consistency.</b> Changes are not part of an H2 transaction: they come from the thread that applies the log, inside the
 * apply of one entry (with the store's statement gate entered), so every checkpoint holds them either all or not at all, as
 * it does the applied index. A function of the log alone: equal on every member.
 *
 * <p><b>Concurrency.</b> Changes and {@link #read} by the holder of the apply baton; {@link #find} and {@link #items} by anyone.
 */
public final class Spool {
    /** How far an item has come. The codes are part of the store's format. */
    public enum Status {
        /** Parts are arriving; does not outlive the leadership that logs them. */
        OPEN,
        /** Complete; waits for a decision. */
        SEALED
    }

    /**
     * What is known of an item without reading its parts.
     *
     * @param parts how many there are; they count from 0
     * @param partBytes the size of each part but the last, 0 when there is none
     * @param bytes in all parts
     * @param head what was given to {@link Spool#seal}; empty while it is open. Nobody may change it
     */
    public record Item(String key, Status status, long parts, int partBytes, long bytes, byte[] head) {}

    private static final String ITEMS = "synod.spool";
    private static final byte FORMAT = 1;
    private static final int FIXED_BYTES = 2 + 8 + 4 + 8;
    private static final Pattern KEY = Pattern.compile("[A-Za-z0-9._:-]{1,200}");

    private final MVStore store;
    private final MVMap<String, byte[]> stored;
    private final Map<String, Item> items = new ConcurrentHashMap<>();

    private Spool(MVStore store) {
        this.store = store;
        this.stored = store.openMap(
                ITEMS,
                new MVMap.Builder<String, byte[]>()
                        .keyType(StringDataType.INSTANCE)
                        .valueType(ByteArrayDataType.INSTANCE));
        stored.forEach((key, bytes) -> items.put(key, decode(key, bytes)));
    }

    /**
     * Opens the spool of an open store; an empty one in a new store.
     *
     * @throws IllegalStateException it was written by a newer release
     */
    public static Spool open(MVStore store) {
        return new Spool(store);
    }

    /**
     * Adds the next part of an item, which is made by its first part. A part that is not the next one means that one before it
     * was lost on the leader, who has given the item up: then the item is dropped, and so are parts that come behind.
     *
     * @param key letters, digits and {@code . _ : -}, at most 200
     * @param part its number, from 0
     * @param bytes all parts of an item but the last have the same size; not copied, nobody may change them
     * @return whether the item has the part now
     * @throws IllegalStateException the item is sealed, or the part before was of another size
     */
    public boolean append(String key, long part, byte[] bytes) {
        Item item = items.get(key);
        long next = item == null ? 0 : item.parts;
        if (part != next) {
            drop(key);
            return false;
        }
        if (item == null) {
            checkKey(key);
            item = new Item(key, Status.OPEN, 0, bytes.length, 0, new byte[0]);
        }
        Invariant.that(item.status == Status.OPEN, "a part came for a spooled write set that is sealed");
        Invariant.that(
                item.bytes == item.parts * item.partBytes && bytes.length <= item.partBytes,
                "a part of %d bytes came behind the last one, of a write set in parts of %d",
                bytes.length,
                item.partBytes);
        parts(key).put(part, bytes);
        put(new Item(key, Status.OPEN, part + 1, item.partBytes, item.bytes + bytes.length, item.head));
        return true;
    }

    /**
     * The item is complete and waits for a decision.
     *
     * @param parts how many it must have
     * @param head whatever is to be known of it besides its parts; not copied
     * @throws IllegalStateException it has other parts, or is sealed already
     */
    public void seal(String key, long parts, byte[] head) {
        checkParts(key, parts);
        Item item = items.get(key);
        if (item == null) {
            checkKey(key);
            item = new Item(key, Status.OPEN, 0, 0, 0, head);
        }
        Invariant.that(item.status == Status.OPEN, "a write set was to be sealed again");
        put(new Item(key, Status.SEALED, item.parts, item.partBytes, item.bytes, head));
    }

    /** @throws IllegalStateException the item does not have just these parts */
    public void checkParts(String key, long parts) {
        Item item = items.get(key);
        long found = item == null ? 0 : item.parts;
        Invariant.that(found == parts, "the log says that a write set has %d parts, %d are here", parts, found);
    }

    /** Forgets an item, whatever its status; does nothing when there is none. Its size does not matter for the cost. */
    public void drop(String key) {
        Item item = items.remove(key);
        if (item != null) {
            if (item.parts > 0) {
                store.removeMap(parts(key));
            }
            stored.remove(key);
        }
    }

    /** A leadership has begun: what an earlier one has left open will never be completed. */
    public void dropOpen() {
        for (Item item : items()) {
            if (item.status == Status.OPEN) {
                drop(item.key);
            }
        }
    }

    /** @return {@code null} when there is none */
    public Item find(String key) {
        return items.get(key);
    }

    /** All items, by key. */
    public List<Item> items() {
        return items.values().stream().sorted(Comparator.comparing(Item::key)).toList();
    }

    /**
     * The bytes of all parts, one behind the other; one part is in memory at a time. Its {@code skip} does not read what it
     * skips. To be read before the item is dropped; needs no closing.
     */
    public InputStream read(String key) {
        Item item = items.get(key);
        return item == null || item.parts == 0 ? InputStream.nullInputStream() : new PartStream(item, parts(key));
    }

    private static void checkKey(String key) {
        if (!KEY.matcher(key).matches()) {
            throw new IllegalArgumentException("spool key '" + key + "', expected " + KEY.pattern());
        }
    }

    private MVMap<Long, byte[]> parts(String key) {
        return store.openMap(
                ITEMS + '.' + key,
                new MVMap.Builder<Long, byte[]>().keyType(LongDataType.INSTANCE).valueType(ByteArrayDataType.INSTANCE));
    }

    private void put(Item item) {
        ByteBuffer out = ByteBuffer.allocate(FIXED_BYTES + item.head.length);
        out.put(FORMAT).put((byte) (item.status == Status.OPEN ? 0 : 1));
        out.putLong(item.parts).putInt(item.partBytes).putLong(item.bytes).put(item.head);
        stored.put(item.key, out.array());
        items.put(item.key, item);
    }

    private static Item decode(String key, byte[] bytes) {
        ByteBuffer in = ByteBuffer.wrap(bytes);
        byte format = in.get();
        if (format != FORMAT) {
            throw new IllegalStateException("spooled write set " + key + " has format " + format
                    + "; this release of Synod reads " + FORMAT + ": update this node");
        }
        Status status = in.get() == 0 ? Status.OPEN : Status.SEALED;
        long parts = in.getLong();
        int partBytes = in.getInt();
        long all = in.getLong();
        byte[] head = new byte[in.remaining()];
        in.get(head);
        return new Item(key, status, parts, partBytes, all, head);
    }

    private static final class PartStream extends InputStream {
        private final Item item;
        private final MVMap<Long, byte[]> parts;
        private long position;
        private long loaded = -1;
        private byte[] part;

        PartStream(Item item, MVMap<Long, byte[]> parts) {
            this.item = item;
            this.parts = parts;
        }

        @Override
        public int read() {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] to, int offset, int length) {
            if (length == 0) {
                return 0;
            }
            if (position >= item.bytes) {
                return -1;
            }
            long number = position / item.partBytes;
            if (number != loaded) {
                part = parts.get(number);
                Invariant.that(part != null, "part %d of %d is missing", number, item.parts);
                loaded = number;
            }
            int from = (int) (position - number * item.partBytes);
            int count = Math.min(length, part.length - from);
            System.arraycopy(part, from, to, offset, count);
            position += count;
            return count;
        }

        @Override
        public long skip(long count) {
            long skipped = Math.max(0, Math.min(count, item.bytes - position));
            position += skipped;
            return skipped;
        }

        @Override
        public int available() {
            return (int) Math.min(Integer.MAX_VALUE, item.bytes - position);
        }
    }
}
