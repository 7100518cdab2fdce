package io.synod.engine.server;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.h2.api.ErrorCode;
import org.h2.api.IntervalQualifier;
import org.h2.engine.Constants;
import org.h2.engine.Session;
import org.h2.message.DbException;
import org.h2.store.DataReader;
import org.h2.value.Transfer;
import org.h2.value.Value;
import org.h2.value.ValueArray;
import org.h2.value.ValueBigint;
import org.h2.value.ValueBinary;
import org.h2.value.ValueBoolean;
import org.h2.value.ValueChar;
import org.h2.value.ValueDate;
import org.h2.value.ValueDecfloat;
import org.h2.value.ValueDouble;
import org.h2.value.ValueEnumBase;
import org.h2.value.ValueGeometry;
import org.h2.value.ValueInteger;
import org.h2.value.ValueInterval;
import org.h2.value.ValueJavaObject;
import org.h2.value.ValueJson;
import org.h2.value.ValueNull;
import org.h2.value.ValueNumeric;
import org.h2.value.ValueReal;
import org.h2.value.ValueRow;
import org.h2.value.ValueSmallint;
import org.h2.value.ValueTime;
import org.h2.value.ValueTimeTimeZone;
import org.h2.value.ValueTimestamp;
import org.h2.value.ValueTimestampTimeZone;
import org.h2.value.ValueTinyint;
import org.h2.value.ValueUuid;
import org.h2.value.ValueVarbinary;
import org.h2.value.ValueVarchar;
import org.h2.value.ValueVarcharIgnoreCase;

/**
 * Reads texts, counts and values of H2's protocol, as {@link Transfer#readValue} would, which makes room for whatever length it is told: here
 * memory is taken as its content arrives. The numbers of types are the protocol's. Used by its connection's thread.
 */
final class ValueReader {
    private static final int PIECE_CHARS = 1024;
    private static final int PIECE_BYTES = 64 << 10;
    /** In place of a large object's length: it is fetched when it is asked for. For answers. */
    private static final int SENT_BEFORE = -1;

    /** H2 multiplies a text's length by the bytes of a character: what overflows there would pass for a small one. */
    private static final long LOB_LENGTH_MAX = Long.MAX_VALUE / 3;

    /** Behind the content of a large object. */
    private static final int LOB_END = 0x1234;

    private static final int QUALIFIERS_OF_ONE_FIELD = 5;
    private static final int OFFSETS_IN_MINUTES_BEFORE = Constants.TCP_PROTOCOL_VERSION_19;
    private static final int SECONDS_PER_MINUTE = 60;

    private final Transfer transfer;
    private final Session session;
    private final byte[] piece = new byte[2 * PIECE_CHARS];

    ValueReader(Transfer transfer, Session session) {
        this.transfer = transfer;
        this.session = session;
    }

    /** One that is negative is refused. */
    int count(String ofWhat) throws IOException {
        int count = transfer.readInt();
        if (count < 0) {
            throw unexpected(count + " " + ofWhat);
        }
        return count;
    }

    /** May be {@code null}. */
    String text() throws IOException {
        int length = transfer.readInt();
        if (length == -1) {
            return null;
        }
        if (length < 0) {
            throw unexpected("a text of " + length + " characters");
        }
        StringBuilder text = new StringBuilder(Math.min(length, PIECE_CHARS));
        while (text.length() < length) {
            int chars = Math.min(length - text.length(), PIECE_CHARS);
            transfer.readBytes(piece, 0, 2 * chars);
            for (int i = 0; i < chars; i++) {
                text.append((char) (piece[2 * i] << 8 | piece[2 * i + 1] & 0xFF));
            }
        }
        return text.toString();
    }

    private byte[] bytes() throws IOException {
        int length = count("bytes");
        byte[] bytes = new byte[Math.min(length, PIECE_BYTES)];
        for (int there = 0; there < length; there = bytes.length) {
            if (there > 0) {
                bytes = Arrays.copyOf(bytes, (int) Math.min(length, 2L * there));
            }
            transfer.readBytes(bytes, there, bytes.length - there);
        }
        return bytes;
    }

    Value value() throws IOException {
        int type = transfer.readInt();
        switch (type) {
            case 0:
                return ValueNull.INSTANCE;
            case 1:
                return ValueBoolean.get(transfer.readBoolean());
            case 2:
                return ValueTinyint.get(transfer.readByte());
            case 3:
                return ValueSmallint.get(smallint());
            case 4:
                return ValueInteger.get(transfer.readInt());
            case 5:
                return ValueBigint.get(transfer.readLong());
            case 6:
                return ValueNumeric.get(new BigDecimal(text()));
            case 7:
                return ValueDouble.get(Double.longBitsToDouble(transfer.readLong()));
            case 8:
                return ValueReal.get(Float.intBitsToFloat(transfer.readInt()));
            case 9:
                return ValueTime.fromNanos(transfer.readLong());
            case 10:
                return ValueDate.fromDateValue(transfer.readLong());
            case 11:
                return ValueTimestamp.fromDateValueAndNanos(transfer.readLong(), transfer.readLong());
            case 12:
                return ValueVarbinary.getNoCopy(bytes());
            case 13:
                return ValueVarchar.get(text());
            case 14:
                return ValueVarcharIgnoreCase.get(text());
            case 15:
                return blob();
            case 16:
                return clob();
            case 17:
                return array();
            case 19:
                return ValueJavaObject.getNoCopy(bytes());
            case 20:
                return ValueUuid.get(transfer.readLong(), transfer.readLong());
            case 21:
                return ValueChar.get(text());
            case 22:
                return ValueGeometry.get(bytes());
            case 24:
                return timestampWithTimeZone();
            case 25:
                return enumerated();
            case 26:
                return interval();
            case 27:
                return ValueRow.get(values());
            case 28:
                return ValueJson.fromJson(bytes());
            case 29:
                return ValueTimeTimeZone.fromNanos(transfer.readLong(), transfer.readInt());
            case 30:
                return ValueBinary.getNoCopy(bytes());
            case 31:
                return decfloat(text());
            default:
                throw unexpected("a value of type " + type);
        }
    }

    private short smallint() throws IOException {
        if (transfer.getVersion() < Constants.TCP_PROTOCOL_VERSION_20) {
            return (short) transfer.readInt();
        }
        int high = transfer.readByte();
        return (short) (high << 8 | transfer.readByte() & 0xFF);
    }

    private Value timestampWithTimeZone() throws IOException {
        long date = transfer.readLong();
        long nanos = transfer.readLong();
        int offset = transfer.readInt();
        return ValueTimestampTimeZone.fromDateValueAndNanos(
                date, nanos, transfer.getVersion() < OFFSETS_IN_MINUTES_BEFORE ? offset * SECONDS_PER_MINUTE : offset);
    }

    private static Value decfloat(String text) {
        return switch (text) {
            case "NaN" -> ValueDecfloat.NAN;
            case "Infinity" -> ValueDecfloat.POSITIVE_INFINITY;
            case "-Infinity" -> ValueDecfloat.NEGATIVE_INFINITY;
            default -> ValueDecfloat.get(new BigDecimal(text));
        };
    }

    /** Later versions of the protocol leave its text to its type, which is not known here; H2's server fails likewise. */
    private Value enumerated() throws IOException {
        int ordinal = transfer.readInt();
        if (transfer.getVersion() >= Constants.TCP_PROTOCOL_VERSION_20) {
            throw new IllegalStateException("a value of an ENUM without its type");
        }
        return ValueEnumBase.get(text(), ordinal);
    }

    private Value interval() throws IOException {
        int qualifier = transfer.readByte();
        boolean negative = qualifier < 0;
        if (negative) {
            qualifier = ~qualifier;
        }
        long leading = transfer.readLong();
        long rest = qualifier < QUALIFIERS_OF_ONE_FIELD ? 0 : transfer.readLong();
        return ValueInterval.from(IntervalQualifier.valueOf(qualifier), negative, leading, rest);
    }

    private Value[] values() throws IOException {
        return values(count("values in a row"));
    }

    private Value[] values(int count) throws IOException {
        List<Value> values = new ArrayList<>();
        while (values.size() < count) {
            values.add(value());
        }
        return values.toArray(new Value[0]);
    }

    private Value array() throws IOException {
        int count = transfer.readInt();
        if (count < 0) {
            // So clients of releases before 2.0 say that the name of a class comes first.
            count = ~count;
            text();
        }
        return ValueArray.get(values(count), session);
    }

    private Value blob() throws IOException {
        long length = lobLength();
        Value blob = session.getDataHandler().getLobStorage().createBlob(new Content(), length);
        checkEnd();
        return blob;
    }

    private Value clob() throws IOException {
        long length = lobLength();
        Value clob = session.getDataHandler().getLobStorage().createClob(new DataReader(new Content()), length);
        checkEnd();
        return clob;
    }

    private long lobLength() throws IOException {
        long length = transfer.readLong();
        if (length == SENT_BEFORE) {
            // H2's server fails likewise.
            throw new IllegalStateException(
                    "a large object that was fetched from here is not sent back with its content");
        }
        if (length < 0 || length > LOB_LENGTH_MAX) {
            throw unexpected("a large object of " + length);
        }
        return length;
    }

    private void checkEnd() throws IOException {
        int end = transfer.readInt();
        if (end != LOB_END) {
            throw unexpected("a large object that ends with " + end);
        }
    }

    static Arguments.UnreadableException unexpected(String what) {
        return new Arguments.UnreadableException(DbException.get(ErrorCode.CONNECTION_BROKEN_1, what));
    }

    /** What comes next, of which the reader knows how much is its own. */
    private final class Content extends InputStream {
        @Override
        public int read() throws IOException {
            try {
                return transfer.readByte() & 0xFF;
            } catch (EOFException e) {
                return -1;
            }
        }

        /** All or nothing: behind an end in the middle nothing more is read, and what was read is of no use. */
        @Override
        public int read(byte[] into, int offset, int length) throws IOException {
            try {
                transfer.readBytes(into, offset, length);
                return length;
            } catch (EOFException e) {
                return -1;
            }
        }
    }
}
