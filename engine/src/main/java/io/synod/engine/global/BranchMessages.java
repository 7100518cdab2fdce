package io.synod.engine.global;

import io.synod.branch.BranchRequest;
import io.synod.engine.database.BranchCodec;
import io.synod.engine.database.BranchVotes;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;

/**
 * What nodes ask the leaders of participants, as bytes. Codes and the order of fields belong to the version; another version is
 * refused. Stateless.
 */
final class BranchMessages {
    private static final byte VERSION = 1;

    private static final byte CAN_COMMIT = 1;
    private static final byte ELECT = 2;
    private static final byte ACCEPT = 3;
    private static final byte DECIDE = 4;
    private static final byte FORGET = 5;

    private BranchMessages() {}

    /**
     * A question to the leader of a database.
     *
     * @param request {@code null} where it is to forget
     * @param forget what has ended everywhere
     */
    record Question(String database, BranchRequest request, List<String> forget) {
        static Question of(String database, BranchRequest request) {
            return new Question(database, request, List.of());
        }

        static Question toForget(String database, List<String> gids) {
            return new Question(database, null, gids);
        }
    }

    static byte[] encode(Question question) {
        return bytes(out -> {
            BranchRequest request = question.request();
            out.writeByte(kindOf(request));
            BranchCodec.write(out, question.database());
            if (request instanceof BranchRequest.CanCommit can) {
                BranchCodec.write(out, can.branch());
                BranchCodec.write(out, can.attempt());
            } else if (request instanceof BranchRequest.Elect elect) {
                BranchCodec.write(out, elect.gid());
                BranchCodec.write(out, elect.attempt());
            } else if (request instanceof BranchRequest.Accept accept) {
                BranchCodec.write(out, accept.gid());
                BranchCodec.write(out, accept.attempt());
                out.writeBoolean(accept.commit());
            } else if (request instanceof BranchRequest.Decide decide) {
                BranchCodec.write(out, decide.gid());
                out.writeBoolean(decide.commit());
            } else {
                out.writeInt(question.forget().size());
                for (String gid : question.forget()) {
                    BranchCodec.write(out, gid);
                }
            }
        });
    }

    private static byte kindOf(BranchRequest request) {
        if (request instanceof BranchRequest.CanCommit) {
            return CAN_COMMIT;
        } else if (request instanceof BranchRequest.Elect) {
            return ELECT;
        } else if (request instanceof BranchRequest.Accept) {
            return ACCEPT;
        }
        return request instanceof BranchRequest.Decide ? DECIDE : FORGET;
    }

    /** @throws IllegalArgumentException for a version or kind that this release does not know, or what is cut short */
    static Question decodeQuestion(byte[] bytes) {
        try (DataInputStream in = open(bytes)) {
            byte kind = in.readByte();
            String database = BranchCodec.readText(in);
            return switch (kind) {
                case CAN_COMMIT ->
                    Question.of(
                            database,
                            new BranchRequest.CanCommit(BranchCodec.readBranch(in), BranchCodec.readAttempt(in)));
                case ELECT ->
                    Question.of(
                            database, new BranchRequest.Elect(BranchCodec.readText(in), BranchCodec.readAttempt(in)));
                case ACCEPT ->
                    Question.of(
                            database,
                            new BranchRequest.Accept(
                                    BranchCodec.readText(in), BranchCodec.readAttempt(in), in.readBoolean()));
                case DECIDE ->
                    Question.of(database, new BranchRequest.Decide(BranchCodec.readText(in), in.readBoolean()));
                case FORGET -> {
                    List<String> gids = new ArrayList<>();
                    for (int left = in.readInt(); left > 0; left--) {
                        gids.add(BranchCodec.readText(in));
                    }
                    yield Question.toForget(database, gids);
                }
                default ->
                    throw new IllegalArgumentException("question " + kind + " about a branch; this release of Synod"
                            + " knows " + CAN_COMMIT + " to " + FORGET + ": update this node");
            };
        } catch (IOException e) {
            throw new IllegalArgumentException("a question about a branch is cut short", e);
        }
    }

    /** @param answer {@code null} where there is none: somebody else leads, or it was only to forget */
    static byte[] encode(BranchVotes.Answer answer) {
        return bytes(out -> {
            out.writeBoolean(answer != null);
            if (answer != null) {
                BranchCodec.write(out, answer.standing());
                out.writeLong(answer.index());
            }
        });
    }

    /**
     * @return {@code null} where there is none
     * @throws IllegalArgumentException for a version that this release does not know, or what is cut short
     */
    static BranchVotes.Answer decodeAnswer(byte[] bytes) {
        try (DataInputStream in = open(bytes)) {
            return in.readBoolean() ? new BranchVotes.Answer(BranchCodec.readStanding(in), in.readLong()) : null;
        } catch (IOException e) {
            throw new IllegalArgumentException("an answer about a branch is cut short", e);
        }
    }

    private static DataInputStream open(byte[] bytes) throws IOException {
        DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes));
        byte version = in.readByte();
        if (version != VERSION) {
            throw new IllegalArgumentException("a message about a branch has version " + version
                    + "; this release of Synod knows " + VERSION + ": update this node");
        }
        return in;
    }

    private interface Body {
        void write(DataOutputStream out) throws IOException;
    }

    private static byte[] bytes(Body body) {
        try (ByteArrayOutputStream bytes = new ByteArrayOutputStream(128);
                DataOutputStream out = new DataOutputStream(bytes)) {
            out.writeByte(VERSION);
            body.write(out);
            return bytes.toByteArray();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
