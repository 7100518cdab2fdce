package io.synod.engine.database;

import io.synod.branch.Branch;
import io.synod.replica.Siblings;
import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/**
 * Which entries of other databases' logs come at about the same time as one of this log: those of the same phase of a global
 * transaction. Stateless.
 */
final class RecordSiblings {
    private static final int CAN_COMMIT = 0;
    private static final int PRE_COMMIT = 1;
    private static final int DECIDED = 2;

    private static final int ID_BYTES = 3 * Long.BYTES;

    private RecordSiblings() {}

    /** @return {@code null} for none, or for a record that this release does not know */
    static Siblings of(byte[] payload) {
        if (payload.length < 3 || payload[0] != LogRecord.FORMAT) {
            return null;
        }
        int kind = payload[1];
        byte version = payload[2];
        if (kind < 11 || kind > 16 || kind == 11 && version != LogRecord.Prepared.VERSION) {
            // Of those without an attempt nothing is known but this database.
            return null;
        }
        try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(payload, 3, payload.length - 3))) {
            return switch (kind) {
                case 11 -> {
                    in.skipNBytes(ID_BYTES);
                    Branch branch = BranchCodec.readBranch(in);
                    yield new Siblings(
                            branch.gid(),
                            CAN_COMMIT,
                            branch.participants().stream()
                                    .mapToLong(each -> groupId(each.database()))
                                    .toArray());
                }
                case 12, 13 -> {
                    in.skipNBytes(ID_BYTES);
                    yield new Siblings(BranchCodec.readText(in), DECIDED, null);
                }
                case 15 -> new Siblings(BranchCodec.readText(in), PRE_COMMIT, null);
                case 16 -> new Siblings(BranchCodec.readText(in), CAN_COMMIT, null);
                default -> null;
            };
        } catch (IOException | IllegalArgumentException e) {
            // Whoever applies it says so.
            return null;
        }
    }

    /** The same on all nodes. FNV-1a. */
    static long groupId(String database) {
        long hash = 0xcbf29ce484222325L;
        for (byte b : database.getBytes(StandardCharsets.UTF_8)) {
            hash = (hash ^ (b & 0xff)) * 0x100000001b3L;
        }
        return hash & Long.MAX_VALUE;
    }
}
