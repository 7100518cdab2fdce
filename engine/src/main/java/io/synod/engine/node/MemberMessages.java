package io.synod.engine.node;

import io.synod.paxos.MemberChange;
import io.synod.paxos.MemberChange.Refusal;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.UUID;

/** A change of the members that the leader is asked for by another node, and its answer, as bytes. Stateless. */
final class MemberMessages {
    /** No message about a branch or about waits begins with it. */
    private static final byte MARK = 'M';

    private static final byte VERSION = 1;
    /** No reason of a refusal is called so. */
    private static final String FAILED = "FAILED";

    private static final int WHY_MAX = 1_000;

    private MemberMessages() {}

    static boolean isOne(byte[] bytes) {
        return bytes.length > 0 && bytes[0] == MARK;
    }

    static byte[] encode(MemberChange change) {
        return bytes(out -> {
            out.writeUTF(change.kind().name());
            out.writeUTF(change.name());
            out.writeLong(change.incarnation().getMostSignificantBits());
            out.writeLong(change.incarnation().getLeastSignificantBits());
            out.writeUTF(change.address());
            out.writeInt(change.slot());
        });
    }

    /** @throws IllegalArgumentException for bytes that are none, or of another version */
    static MemberChange decode(byte[] bytes) {
        try (DataInputStream in = open(bytes)) {
            return new MemberChange(
                    MemberChange.Kind.valueOf(in.readUTF()),
                    in.readUTF(),
                    new UUID(in.readLong(), in.readLong()),
                    in.readUTF(),
                    in.readInt());
        } catch (IOException e) {
            throw new IllegalArgumentException("a change of the members of " + bytes.length + " bytes", e);
        }
    }

    /** @param refusal {@code null} where it was done */
    static byte[] answer(Refusal refusal) {
        return bytes(out -> out.writeUTF(refusal == null ? "" : refusal.name()));
    }

    /** That an error has kept the leader from it, or from knowing whether it is done. Earlier releases know no more than that it is not known. */
    static byte[] failed(String why) {
        return bytes(out -> {
            out.writeUTF(FAILED);
            out.writeUTF(why.substring(0, Math.min(why.length(), WHY_MAX)));
        });
    }

    /** The leader has said why it cannot say whether it is done. */
    static final class FailedException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        FailedException(String why) {
            super(why);
        }
    }

    /**
     * @return {@code null} where it was done; {@link Refusal#NOT_KNOWN} also where there is no answer
     * @throws FailedException an error has kept the leader from it, perhaps
     */
    static Refusal decodeAnswer(byte[] bytes) {
        if (bytes == null) {
            return Refusal.NOT_KNOWN;
        }
        try (DataInputStream in = open(bytes)) {
            String name = in.readUTF();
            if (name.isEmpty()) {
                return null;
            }
            if (name.equals(FAILED)) {
                throw new FailedException(in.readUTF());
            }
            // A later release may have more reasons. None of them is that it was done.
            return Arrays.stream(Refusal.values())
                    .filter(known -> known.name().equals(name))
                    .findFirst()
                    .orElse(Refusal.NOT_KNOWN);
        } catch (IOException e) {
            throw new IllegalArgumentException("an answer of " + bytes.length + " bytes", e);
        }
    }

    private static DataInputStream open(byte[] bytes) throws IOException {
        DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes));
        byte mark = in.readByte();
        byte version = in.readByte();
        if (mark != MARK || version != VERSION) {
            throw new IllegalArgumentException("a message about members that begins with " + mark
                    + " and is of version " + version + "; this release of Synod knows version " + VERSION);
        }
        return in;
    }

    @FunctionalInterface
    private interface Body {
        void write(DataOutputStream out) throws IOException;
    }

    private static byte[] bytes(Body body) {
        try (ByteArrayOutputStream bytes = new ByteArrayOutputStream();
                DataOutputStream out = new DataOutputStream(bytes)) {
            out.writeByte(MARK);
            out.writeByte(VERSION);
            body.write(out);
            return bytes.toByteArray();
        } catch (IOException impossible) {
            throw new UncheckedIOException(impossible);
        }
    }
}
