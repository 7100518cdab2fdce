package io.synod.engine.failover;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * {@code CALL SYNOD.MEMBER_…} where the nodes have just been started, or stand still now and then: a voter is a moment behind, leadership
 * moves, an answer is lost.
 */
public final class MemberCalls {
    /** What whoever has lost the answer hears of a change that was made. */
    private static final List<String> MADE = List.of("it is a member already", "it votes already", "learner already");

    private MemberCalls() {}

    /** How a node is reached. */
    public interface Connects {
        Connection to(String node) throws SQLException;
    }

    /** Asks for nothing else on that connection, as for metadata: its node may be none of the members by then. */
    public static List<String> call(Connects connects, String node, String call) throws SQLException {
        List<String> rows = new ArrayList<>();
        try (Connection c = connects.to(node);
                Statement s = c.createStatement();
                ResultSet done = s.executeQuery("CALL SYNOD." + call)) {
            while (done.next()) {
                rows.add(done.getString(1) + "|" + done.getString(2) + "|" + done.getString(3));
            }
        }
        return rows;
    }

    /**
     * Calls until it is done.
     *
     * @param rows what is answered; where an answer was lost, what the later ones leave of it
     * @param asked one after the other, the last one again and again
     */
    public static void untilDone(Connects connects, String call, List<String> rows, String... asked) throws Exception {
        int[] calls = {0};
        Await.until(call, () -> {
            String node = asked[Math.min(calls[0]++, asked.length - 1)];
            try {
                List<String> done = call(connects, node, call);
                if (calls[0] == 1) {
                    assertEquals(rows, done);
                }
                assertTrue(rows.containsAll(done), call + ": " + done);
                return true;
            } catch (SQLException e) {
                boolean gone =
                        call.startsWith("MEMBER_REMOVE") && e.getSQLState().equals("22023");
                boolean made = calls[0] > 1 && (gone || says(e, MADE.toArray(String[]::new)));
                assertTrue(made || passes(e), call + " on " + node + ": " + e.getSQLState() + " " + e);
                return made;
            }
        });
    }

    private static boolean passes(SQLException e) {
        return switch (String.valueOf(e.getSQLState())) {
            // No leader in time; whoever was asked goes with this very change; leadership was lost on the way.
            case "HYT00", "08001", "40001" -> true;
            case "55000" -> says(e, "a majority of the voters", "caught up");
            // The node that is asked has not heard of it yet.
            case "22023" -> says(e, "expected one of");
            default -> false;
        };
    }

    private static boolean says(SQLException e, String... texts) {
        return Stream.of(texts).anyMatch(e.getMessage()::contains);
    }
}
