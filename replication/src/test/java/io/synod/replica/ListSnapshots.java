package io.synod.replica;

import io.synod.group.Members;
import io.synod.replica.ListApplier.State;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** Snapshots of a {@link ListApplier}. This object is the disk: it outlives its node. */
final class ListSnapshots implements Snapshots {
    private static final State EMPTY = new State(0, 0, List.of());

    private final Random ids = new Random();
    private ListApplier applier;
    private Members members;

    // On disk.
    private State durable = EMPTY;
    private Header installed;
    private Header made;
    private byte[] madeBytes;
    private Header partial;
    private ByteArrayOutputStream partialBytes = new ByteArrayOutputStream();

    private volatile int fillerBytes;
    private volatile int installs;
    private volatile boolean failsInstalls;
    private volatile int failedInstalls;
    private volatile int looks;
    private volatile boolean failsTakes;
    private volatile int failedTakes;
    private volatile long bytesWritten;
    private volatile long resumedAt;
    private volatile Runnable afterInstall = () -> {};
    private volatile Runnable beforeWrite = () -> {};
    /** 0 for never. */
    private volatile int losesAt;

    private volatile boolean logOnly;
    private volatile int refused;
    private volatile boolean failsReceives;
    private volatile int failedReceives;

    synchronized void restart(ListApplier fresh, Members group) {
        applier = fresh;
        members = group;
        applier.set(durable);
        if (logOnly) {
            applier.passOver();
        }
    }

    /** From its next start on, the node has the log only, as a witness. */
    void keepLogOnly() {
        logOnly = true;
    }

    @Override
    public boolean logOnly() {
        return logOnly;
    }

    /** The state machine is lost, the log is not. */
    synchronized void lose() {
        durable = EMPTY;
        installed = null;
        made = null;
        partial = null;
    }

    /** The next ones cannot be made, or can again. */
    void failTakes(boolean now) {
        failsTakes = now;
    }

    int failedTakes() {
        return failedTakes;
    }

    /** What has arrived cannot be put in place, or can again. */
    void failInstalls(boolean now) {
        failsInstalls = now;
    }

    int failedInstalls() {
        return failedInstalls;
    }

    /** When so much of a snapshot has arrived, all of that is lost once, under whoever receives it. */
    void loseReceivedAt(int bytes) {
        losesAt = bytes;
    }

    /** None can be received, or some can again. */
    void failReceives(boolean now) {
        failsReceives = now;
    }

    int failedReceives() {
        return failedReceives;
    }

    /** Makes every snapshot larger by so much. */
    void filler(int bytes) {
        fillerBytes = bytes;
    }

    void afterInstall(Runnable hook) {
        afterInstall = hook;
    }

    /** What a disk does with a chunk that has arrived, before it is on it. */
    void beforeWrite(Runnable hook) {
        beforeWrite = hook;
    }

    int installs() {
        return installs;
    }

    /** How often somebody who looked at the log asked for a checkpoint. By one thread. */
    int looks() {
        return looks;
    }

    /** Of snapshots that came in, in all. */
    long bytesWritten() {
        return bytesWritten;
    }

    /** Where the last snapshot that came in began. */
    long resumedAt() {
        return resumedAt;
    }

    synchronized void checkpoint() {
        durable = applier.state();
    }

    @Override
    public synchronized long restartIndex() {
        return durable.index();
    }

    @Override
    public synchronized Header installed() {
        return installed;
    }

    @Override
    public void checkpointSoon() {
        checkpoint();
        looks++;
    }

    @Override
    public synchronized Outgoing take(long atLeast) throws IOException {
        if (failsTakes) {
            failedTakes++;
            throw new IOException("no snapshot in this test");
        }
        if (made == null || made.index() < atLeast) {
            State state = applier.state();
            madeBytes = encode(state, fillerBytes);
            made = new Header(1, ids.nextLong(), state.index(), state.epoch(), members, madeBytes.length);
        }
        return new Made(made, madeBytes);
    }

    private static byte[] encode(State state, int filler) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(bytes);
        out.writeInt(state.texts().size());
        for (String text : state.texts()) {
            out.writeUTF(text);
        }
        byte[] random = new byte[filler];
        new Random(1).nextBytes(random);
        out.write(random);
        return bytes.toByteArray();
    }

    private static State decode(Header header, byte[] bytes) throws IOException {
        DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes));
        List<String> texts = new ArrayList<>();
        for (int left = in.readInt(); left > 0; left--) {
            texts.add(in.readUTF());
        }
        byte[] rest = in.readAllBytes();
        byte[] random = new byte[rest.length];
        new Random(1).nextBytes(random);
        if (!Arrays.equals(rest, random)) {
            throw new IOException("not what was made");
        }
        return new State(header.index(), header.epoch(), texts);
    }

    @Override
    public synchronized Incoming receive(Header header) throws IOException {
        if (failsReceives) {
            failedReceives++;
            throw new IOException("no place for a snapshot in this test");
        }
        if (partial == null || partial.id() != header.id()) {
            partial = header;
            partialBytes = new ByteArrayOutputStream();
        }
        resumedAt = partialBytes.size();
        return new Arriving();
    }

    /** How often a receiver had all of one and refused it. */
    int refused() {
        return refused;
    }

    private final class Made implements Outgoing {
        private final Header header;
        private final byte[] bytes;

        Made(Header header, byte[] bytes) {
            this.header = header;
            this.bytes = bytes;
        }

        @Override
        public Header header() {
            return header;
        }

        @Override
        public void refused() {
            refused++;
        }

        @Override
        public int read(long offset, byte[] buffer) {
            int length = (int) Math.min(buffer.length, bytes.length - offset);
            System.arraycopy(bytes, (int) offset, buffer, 0, length);
            return length;
        }

        @Override
        public void close() {}
    }

    private final class Arriving implements Incoming {
        @Override
        public long received() {
            synchronized (ListSnapshots.this) {
                return partialBytes.size();
            }
        }

        @Override
        public void write(byte[] chunk) {
            beforeWrite.run();
            synchronized (ListSnapshots.this) {
                partialBytes.writeBytes(chunk);
                bytesWritten += chunk.length;
                if (losesAt > 0 && partialBytes.size() >= losesAt) {
                    losesAt = 0;
                    partialBytes.reset();
                }
            }
        }

        @Override
        public void install() throws IOException {
            synchronized (ListSnapshots.this) {
                if (failsInstalls) {
                    failedInstalls++;
                    throw new IOException("no room in this test");
                }
                State state = decode(partial, partialBytes.toByteArray());
                durable = state;
                installed = partial;
                partial = null;
                applier.set(state);
                installs++;
            }
            afterInstall.run();
        }

        @Override
        public void close() {}
    }
}
