package io.synod.jdbc;

import java.util.Arrays;
import java.util.Base64;
import javax.transaction.xa.Xid;

/** The name of a branch in the database, in the text that H2 uses for it: {@code XID|format|branch|global}, in Base64. */
final class SynodXid implements Xid {
    private static final String PREFIX = "XID";

    private final int formatId;
    private final byte[] branch;
    private final byte[] global;

    private SynodXid(int formatId, byte[] branch, byte[] global) {
        this.formatId = formatId;
        this.branch = branch;
        this.global = global;
    }

    static String name(Xid xid) {
        Base64.Encoder encoder = Base64.getUrlEncoder().withoutPadding();
        return PREFIX
                + '|'
                + xid.getFormatId()
                + '|'
                + encoder.encodeToString(xid.getBranchQualifier())
                + '|'
                + encoder.encodeToString(xid.getGlobalTransactionId());
    }

    /** @return {@code null} for the name of a transaction that no manager has prepared */
    static Xid parse(String name) {
        String[] parts = name.split("\\|", -1);
        if (parts.length != 4 || !parts[0].equals(PREFIX)) {
            return null;
        }
        try {
            Base64.Decoder decoder = Base64.getUrlDecoder();
            return new SynodXid(Integer.parseInt(parts[1]), decoder.decode(parts[2]), decoder.decode(parts[3]));
        } catch (IllegalArgumentException e) {
            return null;
        }
    }

    @Override
    public int getFormatId() {
        return formatId;
    }

    @Override
    public byte[] getGlobalTransactionId() {
        return global.clone();
    }

    @Override
    public byte[] getBranchQualifier() {
        return branch.clone();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof SynodXid x
                && formatId == x.formatId
                && Arrays.equals(branch, x.branch)
                && Arrays.equals(global, x.global);
    }

    @Override
    public int hashCode() {
        return 31 * Arrays.hashCode(global) + Arrays.hashCode(branch);
    }

    @Override
    public String toString() {
        return name(this);
    }
}
