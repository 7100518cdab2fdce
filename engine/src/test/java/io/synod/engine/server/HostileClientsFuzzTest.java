package io.synod.engine.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.engine.failover.Await;
import io.synod.fuzz.Fuzz;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.math.BigDecimal;
import java.net.Socket;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import org.h2.engine.Constants;
import org.h2.engine.SessionRemote;
import org.h2.security.SHA256;
import org.h2.value.Transfer;
import org.h2.value.Value;
import org.h2.value.ValueArray;
import org.h2.value.ValueInteger;
import org.h2.value.ValueJson;
import org.h2.value.ValueNumeric;
import org.h2.value.ValueRow;
import org.h2.value.ValueVarbinary;
import org.h2.value.ValueVarchar;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What comes to the port for SQL clients and is no client, or one that says nonsense, ends its own connection and no other. */
@Timeout(value = 600, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class HostileClientsFuzzTest {
    private static final byte[] PASSWORD = SHA256.getKeyPasswordHash("SA", "secret".toCharArray());
    private static final int BUFFERS = 4 << 20;
    private static final int HELLO_MILLIS = 500;
    private static final String JOIN = "SYNOD.JOIN/cluster/d/" + new UUID(5, 6);
    private static final String RETURN = "SYNOD.RETURN/1/cluster/d/" + new UUID(5, 6) + "/h:1";

    private static PlainNode node;
    private static SqlServer server;
    private static SqlServer impatient;

    @BeforeAll
    static void start() throws Exception {
        node = new PlainNode();
        server = node.serve(50);
        impatient = SqlServer.start("127.0.0.1", 0, node, new ConnectionPlaces(4), HELLO_MILLIS);
    }

    @AfterAll
    static void stop() throws Exception {
        impatient.close();
        node.close();
    }

    @FunctionalInterface
    private interface Body {
        void write(Transfer out) throws IOException;
    }

    private static byte[] bytes(Body body) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        Transfer out = new Transfer(null, socket(new byte[0], bytes));
        out.init();
        out.setVersion(Constants.TCP_PROTOCOL_VERSION_MAX_SUPPORTED);
        body.write(out);
        out.flush();
        return bytes.toByteArray();
    }

    private static TakenOverSocket socket(byte[] in, OutputStream out) throws IOException {
        Socket memory = new Socket() {
            @Override
            public OutputStream getOutputStream() {
                return out;
            }
        };
        return new TakenOverSocket(memory, new ByteArrayInputStream(in));
    }

    private static byte[] hello() throws IOException {
        return bytes(out -> {
            out.writeInt(Constants.TCP_PROTOCOL_VERSION_MIN_SUPPORTED)
                    .writeInt(Constants.TCP_PROTOCOL_VERSION_MAX_SUPPORTED)
                    .writeString("shop")
                    .writeString("jdbc:h2:tcp://localhost/shop")
                    .writeString("SA")
                    .writeBytes(PASSWORD)
                    .writeBytes(null)
                    .writeInt(2)
                    .writeString("LOCK_TIMEOUT")
                    .writeString("1000")
                    .writeString("SYNOD_SESSION")
                    .writeString(new UUID(1, 2).toString());
        });
    }

    private static byte[] question(String key) throws IOException {
        return bytes(out -> out.writeInt(Constants.TCP_PROTOCOL_VERSION_MIN_SUPPORTED)
                .writeInt(Constants.TCP_PROTOCOL_VERSION_MAX_SUPPORTED)
                .writeString(null)
                .writeString(null)
                .writeString(key)
                .writeInt(SessionRemote.SESSION_CHECK_KEY));
    }

    /** What a client asks once it is in, in an order that makes sense. */
    private static List<byte[]> requests() throws IOException {
        return List.of(
                bytes(out -> out.writeInt(SessionRemote.SESSION_SET_ID)
                        .writeString("0123456789abcdef")
                        .writeString("UTC")),
                bytes(out -> out.writeInt(SessionRemote.SESSION_PREPARE_READ_PARAMS2)
                        .writeInt(1)
                        .writeString("SELECT X, ? FROM SYSTEM_RANGE(1, ?)")),
                bytes(out -> {
                    out.writeInt(SessionRemote.COMMAND_EXECUTE_QUERY)
                            .writeInt(1)
                            .writeInt(2)
                            .writeRowCount(0)
                            .writeInt(3)
                            .writeInt(2);
                    out.writeValue(ValueVarchar.get("text"));
                    out.writeValue(ValueInteger.get(9));
                }),
                bytes(out -> out.writeInt(SessionRemote.RESULT_FETCH_ROWS)
                        .writeInt(2)
                        .writeInt(4)),
                bytes(out -> out.writeInt(SessionRemote.RESULT_CLOSE).writeInt(2)),
                bytes(out -> out.writeInt(SessionRemote.SESSION_PREPARE)
                        .writeInt(3)
                        .writeString("INSERT INTO ITEM VALUES(?, 'x')")),
                bytes(out -> {
                    out.writeInt(SessionRemote.COMMAND_EXECUTE_BATCH_UPDATE)
                            .writeInt(3)
                            .writeInt(2);
                    for (int i = 0; i < 2; i++) {
                        out.writeInt(1);
                        out.writeValue(ValueInteger.get(i));
                    }
                    out.writeInt(3).writeInt(1).writeString("ID");
                }),
                bytes(out -> {
                    out.writeInt(SessionRemote.COMMAND_EXECUTE_UPDATE)
                            .writeInt(3)
                            .writeInt(1);
                    out.writeValue(ValueInteger.get(7));
                    out.writeInt(2).writeInt(1).writeInt(1);
                }),
                bytes(out -> out.writeInt(SessionRemote.COMMAND_GET_META_DATA)
                        .writeInt(1)
                        .writeInt(5)),
                bytes(out -> out.writeInt(SessionRemote.LOB_READ)
                        .writeLong(1)
                        .writeBytes(new byte[32])
                        .writeLong(0)
                        .writeInt(10)),
                bytes(out ->
                        out.writeInt(SessionRemote.GET_JDBC_META).writeInt(1).writeInt(0)),
                bytes(out -> out.writeInt(SessionRemote.COMMAND_COMMIT)),
                bytes(out -> out.writeInt(SessionRemote.SESSION_CLOSE)));
    }

    @Test
    void a_greeting_is_one_or_is_refused_and_costs_little() throws IOException {
        List<byte[]> greetings = List.of(hello(), question("SYNOD.LEADER/shop"), question(JOIN), question(RETURN));
        Fuzz.run("greetings", random -> {
            byte[] sent = random.nextInt(8) == 0
                    ? Fuzz.noise(random, 100)
                    : Fuzz.mutated(greetings.get(random.nextInt(greetings.size())), random);
            long before = Fuzz.allocated();
            String outcome;
            try {
                ClientHello read = ClientHello.read(new DataInputStream(new ByteArrayInputStream(sent)));
                outcome =
                        read.getClass().getSimpleName() + (read instanceof ClientHello.CheckKey check ? of(check) : "");
            } catch (ClientHello.GarbageException | EOFException e) {
                outcome = e.getClass().getSimpleName();
            }
            long allocated = Fuzz.allocated() - before;
            assertTrue(allocated <= BUFFERS, () -> allocated + " bytes allocated for " + sent.length);
            return outcome;
        });
    }

    /** Another node asks; what is none of its questions is for the leader's, or has no answer. */
    private static String of(ClientHello.CheckKey check) {
        JoinQuestion join = JoinQuestion.of(check.key());
        ReturnQuestion back = ReturnQuestion.of(check.key());
        assertTrue(join == null || back == null, check.key());
        return join != null ? " to join" : back != null ? " to come back" : "";
    }

    @Test
    void what_a_node_is_answered_is_a_text_or_is_refused_and_costs_little() throws IOException {
        assertEquals(new JoinQuestion("cluster", "d", new UUID(5, 6)), JoinQuestion.of(JOIN));
        assertEquals(new ReturnQuestion("cluster", "d", new UUID(5, 6), "h:1"), ReturnQuestion.of(RETURN));
        byte[] valid = bytes(out -> JoinQuestion.write("1=a@10.0.0.1:7101,4=d@10.0.0.4:7101", out));
        Fuzz.run("answers to nodes", random -> {
            byte[] sent = random.nextInt(8) == 0 ? Fuzz.noise(random, 100) : Fuzz.mutated(valid, random);
            long before = Fuzz.allocated();
            String outcome;
            try {
                String text = JoinQuestion.read(new DataInputStream(new ByteArrayInputStream(sent)));
                outcome = text == null ? "none" : "answer";
            } catch (EOFException e) {
                outcome = "cut short";
            }
            long allocated = Fuzz.allocated() - before;
            assertTrue(allocated <= BUFFERS, () -> allocated + " bytes allocated for " + sent.length);
            return outcome;
        });
    }

    @Test
    void a_length_that_is_not_borne_out_costs_nothing_and_ends_the_connection() throws Exception {
        for (int count : new int[] {-2, Integer.MIN_VALUE, 1 << 28, Integer.MAX_VALUE}) {
            for (byte[] request : List.of(
                    bytes(out -> out.writeInt(SessionRemote.SESSION_PREPARE)
                            .writeInt(1)
                            .writeInt(count)),
                    bytes(out -> out.writeInt(SessionRemote.SESSION_SET_ID).writeInt(count)),
                    bytes(out -> out.writeInt(SessionRemote.COMMAND_EXECUTE_UPDATE)
                            .writeInt(1)
                            .writeInt(count)),
                    bytes(out -> out.writeInt(SessionRemote.COMMAND_EXECUTE_UPDATE)
                            .writeInt(1)
                            .writeInt(0)
                            .writeInt(2)
                            .writeInt(count)),
                    bytes(out -> out.writeInt(SessionRemote.COMMAND_EXECUTE_UPDATE)
                            .writeInt(1)
                            .writeInt(0)
                            .writeInt(3)
                            .writeInt(count)),
                    bytes(out -> out.writeInt(SessionRemote.COMMAND_EXECUTE_BATCH_UPDATE)
                            .writeInt(1)
                            .writeInt(count)),
                    bytes(out -> out.writeInt(SessionRemote.GET_JDBC_META)
                            .writeInt(1)
                            .writeInt(count)),
                    bytes(out ->
                            out.writeInt(SessionRemote.LOB_READ).writeLong(1).writeInt(count)))) {
                long before = Fuzz.allocated();
                // Were it read on behind what is wrong, this would be taken for a request and served.
                byte[] sent = Fuzz.joined(request, count < 0 ? requests().get(11) : new byte[0]);
                ByteArrayOutputStream answers = new ByteArrayOutputStream();
                IOException e = assertThrows(IOException.class, () -> serve(sent, answers));
                if (count < 0) {
                    assertInstanceOf(Arguments.UnreadableException.class, e);
                    assertEquals(
                            SessionRemote.STATUS_ERROR,
                            new DataInputStream(new ByteArrayInputStream(answers.toByteArray())).readInt());
                }
                long allocated = Fuzz.allocated() - before;
                assertTrue(allocated <= BUFFERS, () -> allocated + " bytes allocated for a count of " + count);
            }
        }
    }

    @Test
    void a_value_of_a_length_that_is_not_borne_out_costs_nothing_and_ends_its_own_connection() throws Exception {
        try (Connection other = PlainNode.stock(server)) {
            for (Value value : List.of(
                    ValueVarchar.get("x"),
                    ValueNumeric.get(BigDecimal.ONE),
                    ValueVarbinary.get(new byte[] {1}),
                    ValueJson.fromJson("1"),
                    ValueArray.get(new Value[] {ValueInteger.get(1)}, null),
                    ValueRow.get(new Value[] {ValueInteger.get(1)}))) {
                byte[] told = bytes(out -> out.writeValue(value));
                int length = length(told);
                for (int count : new int[] {1 << 24, 1 << 28, Integer.MAX_VALUE, -2}) {
                    byte[] spoilt = told.clone();
                    ByteBuffer.wrap(spoilt).putInt(length, count);
                    byte[] request = Fuzz.joined(
                            bytes(out -> out.writeInt(SessionRemote.COMMAND_EXECUTE_UPDATE)
                                    .writeInt(1)
                                    .writeInt(1)),
                            spoilt);
                    long before = Fuzz.allocated();
                    assertThrows(
                            IOException.class,
                            () -> serve(request, new ByteArrayOutputStream()),
                            value + " of " + count);
                    long allocated = Fuzz.allocated() - before;
                    assertTrue(
                            allocated <= BUFFERS, () -> allocated + " bytes allocated for " + value + " of " + count);
                    assertTrue(other.isValid(60));
                }
            }
        }
    }

    /** Behind the type: the only 1 there. */
    private static int length(byte[] value) {
        assertEquals(1, ByteBuffer.wrap(value).getInt(4));
        return 4;
    }

    private static void serve(byte[] sent, OutputStream answers) throws IOException {
        Transfer transfer = new Transfer(null, socket(sent, answers));
        transfer.init();
        transfer.setVersion(Constants.TCP_PROTOCOL_VERSION_MAX_SUPPORTED);
        try {
            SqlConnection connection = new SqlConnection(
                    transfer, node.open("shop", "SA", PASSWORD, Map.of()), new UUID(1, 2), null, null);
            try {
                connection.serve();
            } finally {
                connection.close();
            }
        } catch (SQLException e) {
            throw new AssertionError(e);
        }
    }

    /** Over the wire, beside a client that goes on; afterwards nothing of them is left. */
    @Test
    void nonsense_ends_its_own_connection_and_no_other() throws Exception {
        byte[] hello = hello();
        List<byte[]> requests = requests();
        try (Connection other = PlainNode.stock(server)) {
            Fuzz.run("hostile clients", random -> {
                String outcome = converse(hello, requests, random);
                assertTrue(other.isValid(60), "another client is not served any more");
                return outcome;
            });
        }
        assertAllGone(server);
    }

    private static String converse(byte[] hello, List<byte[]> requests, Random random) throws IOException {
        List<byte[]> parts = new ArrayList<>(requests.subList(0, random.nextInt(requests.size())));
        if (!parts.isEmpty()) {
            int spoilt = random.nextInt(parts.size());
            byte[] mutated = parts.get(spoilt).clone();
            // The operation, or a bit: lengths of values are another matter.
            if (random.nextBoolean()) {
                mutated[3] = (byte) random.nextInt(24);
            } else {
                mutated = Arrays.copyOf(mutated, random.nextInt(mutated.length));
            }
            parts.set(spoilt, mutated);
        }
        byte[] said = Fuzz.joined(parts.toArray(new byte[0][]));
        byte[] sent = Fuzz.joined(random.nextInt(4) == 0 ? Fuzz.mutated(hello, random) : hello, said);
        try (Socket socket = new Socket("127.0.0.1", server.port())) {
            socket.setSoTimeout(120_000);
            socket.getOutputStream().write(sent);
            socket.shutdownOutput();
            InputStream in = socket.getInputStream();
            return in.readAllBytes().length == 0 ? "no answer" : "answered";
        } catch (SocketException e) {
            // It was cut off before it had said all.
            return "cut off";
        }
    }

    private static void assertAllGone(SqlServer of) throws Exception {
        Await.until("no connection is left", () -> of.connections() == 0 && of.sockets() == 0);
        try (Connection c = PlainNode.stock(of)) {
            assertTrue(c.isValid(60));
        }
    }

    /** One byte now and then keeps no place for longer than a whole greeting may take. */
    @Test
    void a_greeting_that_drips_in_keeps_no_place() throws Exception {
        byte[] begin = bytes(out -> out.writeInt(Constants.TCP_PROTOCOL_VERSION_MIN_SUPPORTED)
                .writeInt(Constants.TCP_PROTOCOL_VERSION_MAX_SUPPORTED)
                .writeInt(ClientHello.TEXT_MAX));
        List<Socket> slow = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            slow.add(new Socket("127.0.0.1", impatient.port()));
        }
        try {
            int[] at = {0};
            Await.until("the slow ones are cut off", () -> {
                byte next = at[0] < begin.length ? begin[at[0]] : (byte) 'a';
                at[0]++;
                return slow.stream().filter(socket -> drips(socket, next)).count() == 0;
            });
        } finally {
            for (Socket socket : slow) {
                socket.close();
            }
        }
        assertAllGone(impatient);
    }

    /** @return false: it was cut off */
    private static boolean drips(Socket socket, byte one) {
        try {
            socket.getOutputStream().write(one);
            return true;
        } catch (IOException e) {
            assertInstanceOf(SocketException.class, e);
            return false;
        }
    }
}
