package io.synod.jdbc;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;

/**
 * What a node says in front of each answer to a client that has asked for it with the setting {@value #SETTING}: enough for
 * the driver to know when to move and where its session stands, without a question of its own. It begins with a byte with
 * which no answer of H2's protocol begins; a newer form of it would begin with another one.
 *
 * @param leads whether the node serves as the leader of the database
 * @param warned whether the session has warnings to be fetched
 * @param seenIndex the index in the log up to which the session has been shown the database
 * @param unsettled number of the request whose commit was answered at level LOCAL and is not decided; 0 for none
 * @param databases what the session has been in beside its own, with commas between; empty for none. What became of a commit is
 *     known there, too
 */
public record ReplyHead(boolean leads, boolean warned, long seenIndex, long unsettled, String databases) {
    /** Given in the handshake; its value is the form of the head. */
    public static final String SETTING = "SYNOD_HEADS";

    /** The value of the setting that this class reads and writes. */
    public static final String FORM = "2";

    static final int MAGIC = 0xA2;

    private static final int LEADS = 1;
    private static final int WARNED = 2;

    /** Writes it in front of an answer. */
    public void write(DataOutput out) throws IOException {
        out.writeByte(MAGIC);
        out.writeByte((leads ? LEADS : 0) | (warned ? WARNED : 0));
        out.writeLong(seenIndex);
        out.writeLong(unsettled);
        out.writeUTF(databases);
    }

    /** Reads what follows the first byte. */
    static ReplyHead read(DataInput in) throws IOException {
        byte flags = in.readByte();
        return new ReplyHead((flags & LEADS) != 0, (flags & WARNED) != 0, in.readLong(), in.readLong(), in.readUTF());
    }
}
