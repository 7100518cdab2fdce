package io.synod.engine.database;

import io.synod.branch.Attempt;
import io.synod.branch.Branch;
import io.synod.branch.BranchRequest;
import io.synod.branch.BranchStanding;
import io.synod.branch.BranchState;
import io.synod.branch.Participant;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Branches, attempts and standings as bytes: parts of log records, of what a copy keeps and of what nodes tell each other, each
 * of which has a version of its own. Stateless.
 */
public final class BranchCodec {
    private static final byte CAN_COMMIT_VERSION = 1;

    private BranchCodec() {}

    /** A request to prepare, with its version: what a node tells the one on which the transaction is open. */
    public static byte[] encode(BranchRequest.CanCommit request) {
        try (ByteArrayOutputStream bytes = new ByteArrayOutputStream(128);
                DataOutputStream out = new DataOutputStream(bytes)) {
            out.writeByte(CAN_COMMIT_VERSION);
            write(out, request.branch());
            write(out, request.attempt());
            return bytes.toByteArray();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** @throws IllegalArgumentException for a version that this release does not know, or what is cut short */
    public static BranchRequest.CanCommit decodeCanCommit(byte[] bytes) {
        try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
            byte version = in.readByte();
            if (version != CAN_COMMIT_VERSION) {
                throw new IllegalArgumentException("a request to prepare has version " + version
                        + "; this release of Synod knows " + CAN_COMMIT_VERSION + ": update this node");
            }
            return new BranchRequest.CanCommit(readBranch(in), readAttempt(in));
        } catch (IOException e) {
            throw new IllegalArgumentException("a request to prepare is cut short", e);
        }
    }

    /** Text in UTF-8, behind its length. */
    public static void write(DataOutputStream out, String text) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        out.writeInt(bytes.length);
        out.write(bytes);
    }

    public static String readText(DataInputStream in) throws IOException {
        int length = in.readInt();
        if (length < 0 || length > in.available()) {
            throw new IOException("text of " + length + " bytes, " + in.available() + " are left");
        }
        return new String(in.readNBytes(length), StandardCharsets.UTF_8);
    }

    public static void write(DataOutputStream out, Branch branch) throws IOException {
        write(out, branch.gid());
        write(out, branch.home());
        out.writeInt(branch.participants().size());
        for (Participant participant : branch.participants()) {
            write(out, participant.database());
            out.writeInt(participant.weight());
        }
    }

    /** @throws IllegalArgumentException for what is no branch */
    public static Branch readBranch(DataInputStream in) throws IOException {
        String gid = readText(in);
        String home = readText(in);
        int count = in.readInt();
        List<Participant> participants = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            participants.add(new Participant(readText(in), in.readInt()));
        }
        return new Branch(gid, home, participants);
    }

    public static void write(DataOutputStream out, Attempt attempt) throws IOException {
        out.writeLong(attempt.number());
        out.writeInt(attempt.slot());
        out.writeLong(attempt.serial());
    }

    /** @throws IllegalArgumentException for what is no attempt */
    public static Attempt readAttempt(DataInputStream in) throws IOException {
        return new Attempt(in.readLong(), in.readInt(), in.readLong());
    }

    public static void write(DataOutputStream out, BranchStanding standing) throws IOException {
        out.writeByte(standing.state().ordinal());
        write(out, standing.elected());
        write(out, standing.accepted());
    }

    /** @throws IllegalArgumentException for what is no standing */
    public static BranchStanding readStanding(DataInputStream in) throws IOException {
        int state = in.readByte();
        if (state < 0 || state >= BranchState.values().length) {
            throw new IllegalArgumentException("state " + state + " of a branch");
        }
        return new BranchStanding(BranchState.values()[state], readAttempt(in), readAttempt(in));
    }
}
