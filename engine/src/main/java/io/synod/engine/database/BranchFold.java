package io.synod.engine.database;

import io.synod.branch.Attempt;
import io.synod.branch.Branch;
import io.synod.branch.BranchEntry;
import io.synod.branch.BranchRequest;
import io.synod.branch.BranchStanding;
import io.synod.branch.BranchState;
import io.synod.branch.Participation;
import io.synod.branch.Participation.Known;
import io.synod.engine.writeset.BranchMap;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.h2.engine.SessionLocal;
import org.h2.mvstore.MVMap;
import org.h2.value.VersionedValue;

/**
 * Where the branches of global transactions stand in one copy of the database: the {@link Participation} of its log, and for
 * those of several groups the map in which that is kept beyond a crash. Of a branch that stands for itself nothing is kept but
 * what the spool has: it is forgotten once it is decided.
 *
 * <p><b>Concurrency.</b> Thread-safe; it changes by the holder of the apply baton only.
 */
final class BranchFold {
    private static final byte VERSION = 1;

    private final BranchMap map;
    private final Participation participation = new Participation();
    /** When something was last heard of them, by {@link System#nanoTime()}; of this node only. */
    private final Map<String, Long> heard = new ConcurrentHashMap<>();

    /** Those of several groups that wait for their decision, of which there are few. */
    private final Set<String> undecided = ConcurrentHashMap.newKeySet();

    /** Those of them that are pre-committed: their clients may have been told that they have committed. */
    private final Set<String> precommitted = ConcurrentHashMap.newKeySet();

    private volatile int several;

    private BranchFold(BranchMap map) {
        this.map = map;
    }

    /** Reads it from an open database. */
    static BranchFold load(SessionLocal session) {
        BranchFold fold = new BranchFold(BranchMap.open(session));
        fold.map.all(session).forEach((gid, bytes) -> {
            Known known = decode(bytes);
            fold.participation.restore(gid, known);
            fold.note(gid, known);
            fold.hear(gid);
            fold.several++;
        });
        return fold;
    }

    /** Whether there is none of several groups. */
    boolean isEmpty() {
        return several == 0;
    }

    synchronized BranchStanding standing(String gid) {
        return participation.standing(gid);
    }

    /** Whether its name is in use. */
    boolean isKnown(String gid) {
        return standing(gid).state() != BranchState.UNKNOWN;
    }

    /** Whether it is prepared and waits for its decision. */
    boolean isUndecided(String gid) {
        BranchState state = standing(gid).state();
        return state != BranchState.UNKNOWN && !state.isDecided();
    }

    /** Those of several groups, in the order in which they became known. */
    synchronized Map<String, Known> several() {
        Map<String, Known> found = new LinkedHashMap<>(participation.all());
        found.values().removeIf(known -> isAlone(known.branch()));
        return found;
    }

    private static boolean isAlone(Branch branch) {
        return branch != null && branch.isAlone();
    }

    /** The same as of the moment for which the session reads; see {@link CutSnapshot}. */
    Map<String, Known> several(SessionLocal session) {
        Map<String, Known> found = new HashMap<>();
        map.all(session).forEach((gid, bytes) -> found.put(gid, decode(bytes)));
        return found;
    }

    void addMap(Set<MVMap<Object, VersionedValue<Object>>> maps) {
        map.addTo(maps);
    }

    /** What the serving leader is to log before it answers; see {@link Participation#toLog}. */
    synchronized BranchEntry toLog(BranchRequest request) {
        return participation.toLog(request, false);
    }

    /** Somebody has asked about it, or said something. */
    void hear(String gid) {
        heard.put(gid, System.nanoTime());
    }

    long silentNanos(String gid) {
        Long last = heard.get(gid);
        return last == null ? 0 : System.nanoTime() - last;
    }

    /** It is prepared, as is known from elsewhere than the map: of an open database. */
    synchronized void opened(Branch branch) {
        if (branch.isAlone()) {
            participation.apply(new BranchEntry.Prepared(branch, Attempt.NONE));
        }
    }

    /**
     * The log has it.
     *
     * @param session with whose transaction it is kept
     * @return whether it has changed anything
     */
    synchronized boolean apply(SessionLocal session, BranchEntry entry) {
        String gid = entry.gid();
        Known before = participation.all().get(gid);
        boolean changed = participation.apply(entry);
        Known now = participation.all().get(gid);
        if (now != null && isAlone(now.branch())) {
            if (now.standing().state().isDecided()) {
                participation.apply(new BranchEntry.Forgotten(gid));
            }
            return changed;
        }
        note(gid, now);
        if (now != null) {
            hear(gid);
            if (changed) {
                map.put(session, gid, encode(now));
                several += before == null ? 1 : 0;
            }
        } else if (before != null) {
            heard.remove(gid);
            map.remove(session, gid);
            several--;
        }
        return changed;
    }

    private void note(String gid, Known known) {
        BranchState state =
                known == null ? BranchState.UNKNOWN : known.standing().state();
        if (state == BranchState.PRECOMMITTED) {
            precommitted.add(gid);
        } else if (state != BranchState.COMMITTED) {
            precommitted.remove(gid);
        }
        if (known == null || known.standing().state().isDecided()) {
            undecided.remove(gid);
        } else {
            undecided.add(gid);
        }
    }

    /** H2 has committed it, in which the log has it as committed: whoever reads from now on sees it. */
    void isShown(String gid) {
        precommitted.remove(gid);
    }

    /** Those of several groups that wait for their decision. */
    Set<String> undecided() {
        return undecided;
    }

    /** Those of them whose clients may have been told that they have committed. */
    Set<String> precommitted() {
        return precommitted;
    }

    synchronized Known find(String gid) {
        return participation.all().get(gid);
    }

    /** Refused before they were known here: nobody has told this group who the others are. */
    synchronized List<String> tombstones() {
        List<String> found = new ArrayList<>();
        participation.all().forEach((gid, known) -> {
            if (known.branch() == null) {
                found.add(gid);
            }
        });
        return found;
    }

    private static byte[] encode(Known known) {
        try (ByteArrayOutputStream bytes = new ByteArrayOutputStream(128);
                DataOutputStream out = new DataOutputStream(bytes)) {
            out.writeByte(VERSION);
            BranchCodec.write(out, known.standing());
            out.writeBoolean(known.branch() != null);
            if (known.branch() != null) {
                BranchCodec.write(out, known.branch());
            }
            return bytes.toByteArray();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Known decode(byte[] bytes) {
        try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
            byte version = in.readByte();
            if (version != VERSION) {
                throw new IllegalStateException("a global transaction is kept in version " + version
                        + "; this release of Synod knows " + VERSION + ": update this node");
            }
            BranchStanding standing = BranchCodec.readStanding(in);
            return new Known(in.readBoolean() ? BranchCodec.readBranch(in) : null, standing);
        } catch (IOException e) {
            throw new IllegalStateException("what is kept of a global transaction is cut short", e);
        }
    }
}
