package io.synod.engine.server;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.synod.engine.session.SynodSession;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.math.BigDecimal;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.h2.api.IntervalQualifier;
import org.h2.engine.Constants;
import org.h2.security.SHA256;
import org.h2.value.Transfer;
import org.h2.value.Value;
import org.h2.value.ValueArray;
import org.h2.value.ValueBigint;
import org.h2.value.ValueBinary;
import org.h2.value.ValueBlob;
import org.h2.value.ValueBoolean;
import org.h2.value.ValueChar;
import org.h2.value.ValueClob;
import org.h2.value.ValueDate;
import org.h2.value.ValueDecfloat;
import org.h2.value.ValueDouble;
import org.h2.value.ValueEnumBase;
import org.h2.value.ValueGeometry;
import org.h2.value.ValueInteger;
import org.h2.value.ValueInterval;
import org.h2.value.ValueJavaObject;
import org.h2.value.ValueJson;
import org.h2.value.ValueLob;
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
import org.junit.jupiter.api.Test;

/** Values of clients are what H2's own server takes them for. */
class ValueReaderTest {
    private static final byte[] PASSWORD = SHA256.getKeyPasswordHash("SA", "secret".toCharArray());
    private static final int MARK = 0x55aa_1234;
    private static final String LONG = "x\ud800\u00e4".repeat(5_000);

    @FunctionalInterface
    private interface Body {
        void write(Transfer out) throws IOException;
    }

    private static List<Value> values(int version) {
        List<Value> values = new ArrayList<>(List.of(
                ValueNull.INSTANCE,
                ValueBoolean.TRUE,
                ValueTinyint.get((byte) -3),
                ValueSmallint.get((short) -300),
                ValueSmallint.get((short) 200),
                ValueInteger.get(-70_000),
                ValueBigint.get(Long.MIN_VALUE + 1),
                ValueNumeric.get(new BigDecimal("-12345678901234567890.12")),
                ValueDouble.get(-1.5e300),
                ValueDouble.get(Double.NaN),
                ValueReal.get(1.5e-30f),
                ValueTime.fromNanos(86_399_999_999_999L),
                ValueTimeTimeZone.fromNanos(1, -3_600),
                ValueDate.parse("-0044-03-15"),
                ValueTimestamp.parse("2026-12-01 01:02:03.123456789", null),
                ValueTimestampTimeZone.parse("2026-12-01 01:02:03.5+05:30", null),
                ValueVarbinary.get(new byte[0]),
                ValueVarbinary.get(LONG.repeat(20).getBytes(StandardCharsets.UTF_8)),
                ValueBinary.get(new byte[] {1, 2, 3}),
                ValueVarchar.get("text"),
                ValueVarchar.get(""),
                ValueVarchar.get(LONG),
                ValueVarcharIgnoreCase.get("Text"),
                ValueChar.get("c "),
                ValueJavaObject.getNoCopy(new byte[] {4, 5}),
                ValueUuid.get(1, -2),
                ValueGeometry.get("POINT (1 2)"),
                ValueJson.fromJson("{\"a\": [1, null]}"),
                ValueBlob.createSmall(new byte[] {6, 7, 8}),
                ValueBlob.createSmall(new byte[100_000]),
                ValueClob.createSmall("clob \u00e4\u20ac"),
                ValueClob.createSmall("y".repeat(50_000)),
                ValueArray.get(new Value[0], null),
                ValueArray.get(new Value[] {ValueInteger.get(1), ValueNull.INSTANCE}, null),
                ValueRow.get(new Value[] {
                    ValueVarchar.get("a"), ValueArray.get(new Value[] {ValueVarchar.get("b")}, null)
                })));
        for (IntervalQualifier qualifier : IntervalQualifier.values()) {
            values.add(ValueInterval.from(qualifier, true, 3, 0));
            values.add(ValueInterval.from(qualifier, false, 5, 0));
        }
        if (version >= Constants.TCP_PROTOCOL_VERSION_20) {
            values.add(ValueDecfloat.get(new BigDecimal("1E+100")));
            values.add(ValueDecfloat.NAN);
            values.add(ValueDecfloat.POSITIVE_INFINITY);
            values.add(ValueDecfloat.NEGATIVE_INFINITY);
        }
        return values;
    }

    private static Transfer transfer(SynodSession session, byte[] in, OutputStream out, int version)
            throws IOException {
        Socket memory = new Socket() {
            @Override
            public OutputStream getOutputStream() {
                return out;
            }
        };
        Transfer transfer = new Transfer(session, new TakenOverSocket(memory, new ByteArrayInputStream(in)));
        transfer.init();
        transfer.setVersion(version);
        return transfer;
    }

    private static void assertSame(SynodSession session, int version, Body body) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        Transfer out = transfer(session, new byte[0], bytes, version);
        body.write(out);
        out.writeInt(MARK).flush();
        Transfer theirs = transfer(session, bytes.toByteArray(), OutputStream.nullOutputStream(), version);
        Transfer ours = transfer(session, bytes.toByteArray(), OutputStream.nullOutputStream(), version);
        Value expected = theirs.readValue(null);
        Value read = new ValueReader(ours, session).value();
        String what = expected.getClass().getSimpleName() + " in version " + version;
        assertEquals(MARK, theirs.readInt(), what);
        assertEquals(MARK, ours.readInt(), what);
        assertEquals(expected.getClass(), read.getClass(), what);
        assertEquals(expected.getType().getDeclaredPrecision(), read.getType().getDeclaredPrecision(), what);
        if (expected instanceof ValueLob lob && read instanceof ValueLob other) {
            assertEquals(lob.getLobData().getClass(), other.getLobData().getClass(), what);
            assertEquals(lob.charLength(), other.charLength(), what);
            assertArrayEquals(lob.getBytes(), other.getBytes(), what);
        } else {
            assertEquals(expected, read, what);
        }
    }

    @Test
    void each_value_is_what_h2_reads_in_every_version_of_the_protocol() throws Exception {
        try (PlainNode node = new PlainNode()) {
            SynodSession session = node.open("shop", "SA", PASSWORD, Map.of());
            for (int version = Constants.TCP_PROTOCOL_VERSION_MIN_SUPPORTED;
                    version <= Constants.TCP_PROTOCOL_VERSION_MAX_SUPPORTED;
                    version++) {
                for (Value value : values(version)) {
                    assertSame(session, version, out -> out.writeValue(value));
                }
                if (version < Constants.TCP_PROTOCOL_VERSION_20) {
                    assertSame(session, version, out -> out.writeValue(ValueEnumBase.get("red", 2)));
                }
                // An array of a client before 2.0 has the name of its class.
                assertSame(session, version, out -> {
                    out.writeInt(17).writeInt(~1).writeString("java.lang.Object");
                    out.writeValue(ValueInteger.get(8));
                });
            }
            session.close();
        }
    }

    /** Three times so many are fewer than none, and no reason for H2 to make room for that many characters at once. */
    @Test
    void text_of_a_length_that_overflows_is_refused() throws Exception {
        try (PlainNode node = new PlainNode()) {
            SynodSession session = node.open("shop", "SA", PASSWORD, Map.of());
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            Transfer out = transfer(session, new byte[0], bytes, Constants.TCP_PROTOCOL_VERSION_MAX_SUPPORTED);
            out.writeInt(16).writeLong(0x3000_0000_7000_0000L).flush();
            ValueReader reader = new ValueReader(
                    transfer(
                            session,
                            bytes.toByteArray(),
                            OutputStream.nullOutputStream(),
                            Constants.TCP_PROTOCOL_VERSION_MAX_SUPPORTED),
                    session);
            assertThrows(Arguments.UnreadableException.class, reader::value);
            session.close();
        }
    }
}
