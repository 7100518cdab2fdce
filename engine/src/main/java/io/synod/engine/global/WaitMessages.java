package io.synod.engine.global;

import io.synod.engine.database.BranchCodec;
import io.synod.engine.global.WaitGraph.Wait;
import io.synod.engine.global.WaitGraph.Whole;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * What nodes ask each other about waits, as bytes. Codes and the order of fields belong to the version; another version is refused.
 * Stateless.
 */
final class WaitMessages {
    /** Before the version: no message about a branch ({@link BranchMessages}) begins with it. */
    private static final byte MARK = 'W';

    private static final byte VERSION = 1;
    private static final byte LIST = 1;
    private static final byte END = 2;

    private WaitMessages() {}

    /**
     * What waits on a node, and the transactions over several databases of its clients in which a statement runs; or, as a question,
     * what is to be ended there.
     *
     * @param over databases of the ring in which the one that is to be ended is
     */
    record Report(List<Wait> waits, List<Whole> wholes, Set<String> over) {
        static final Report EMPTY = new Report(List.of(), List.of(), Set.of());
    }

    static boolean isOne(byte[] bytes) {
        return bytes.length > 0 && bytes[0] == MARK;
    }

    static byte[] list() {
        return encode(LIST, Report.EMPTY);
    }

    static byte[] end(Wait wait, Set<String> over) {
        return encode(END, new Report(List.of(wait), List.of(), over));
    }

    static byte[] report(Report report) {
        return encode(LIST, report);
    }

    /** Whether a question is to end what it names, and not for a list. */
    static boolean isEnd(byte[] bytes) {
        return bytes.length > 2 && bytes[2] == END;
    }

    private static byte[] encode(byte kind, Report report) {
        try (ByteArrayOutputStream bytes = new ByteArrayOutputStream(256);
                DataOutputStream out = new DataOutputStream(bytes)) {
            out.writeByte(MARK);
            out.writeByte(VERSION);
            out.writeByte(kind);
            out.writeInt(report.waits().size());
            for (Wait wait : report.waits()) {
                out.writeInt(wait.slot());
                BranchCodec.write(out, wait.database());
                BranchCodec.write(out, wait.waiter());
                BranchCodec.write(out, wait.blocker());
                out.writeLong(wait.number());
                out.writeBoolean(wait.endable());
            }
            out.writeInt(report.wholes().size());
            for (Whole whole : report.wholes()) {
                BranchCodec.write(out, whole.id());
                out.writeLong(whole.since());
                write(out, whole.branches());
            }
            write(out, report.over());
            return bytes.toByteArray();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void write(DataOutputStream out, Set<String> texts) throws IOException {
        out.writeInt(texts.size());
        for (String text : texts) {
            BranchCodec.write(out, text);
        }
    }

    /** @throws IllegalArgumentException for a version or kind that this release does not know, or what is cut short */
    static Report decode(byte[] bytes) {
        try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
            byte mark = in.readByte();
            byte version = in.readByte();
            byte kind = in.readByte();
            if (mark != MARK || version != VERSION || kind != LIST && kind != END) {
                throw new IllegalArgumentException("a message about waits has mark " + mark + ", version " + version
                        + " and kind " + kind + "; this release of Synod knows version " + VERSION
                        + " with kinds 1 and 2: update this node");
            }
            List<Wait> waits = new ArrayList<>();
            for (int left = in.readInt(); left > 0; left--) {
                waits.add(new Wait(
                        in.readInt(),
                        BranchCodec.readText(in),
                        BranchCodec.readText(in),
                        BranchCodec.readText(in),
                        in.readLong(),
                        in.readBoolean()));
            }
            List<Whole> wholes = new ArrayList<>();
            for (int left = in.readInt(); left > 0; left--) {
                wholes.add(new Whole(BranchCodec.readText(in), in.readLong(), readTexts(in)));
            }
            return new Report(waits, wholes, readTexts(in));
        } catch (IOException e) {
            throw new IllegalArgumentException("a message about waits is cut short", e);
        }
    }

    private static Set<String> readTexts(DataInputStream in) throws IOException {
        Set<String> texts = new LinkedHashSet<>();
        for (int left = in.readInt(); left > 0; left--) {
            texts.add(BranchCodec.readText(in));
        }
        return texts;
    }
}
