package io.synod.engine.operations;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.branch.Branch;
import io.synod.branch.BranchState;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the databases will do with a transaction; the letters are Skeen's, {@code -} is a database without a leader. */
class ForecastTest {
    private static final Map<String, BranchState> LETTERS = Map.of(
            "q", BranchState.UNKNOWN,
            "w", BranchState.PREPARED,
            "pc", BranchState.PRECOMMITTED,
            "pa", BranchState.PREABORTED,
            "c", BranchState.COMMITTED,
            "a", BranchState.ABORTED);

    @ParameterizedTest
    @CsvSource({
        "w w w, false, 'is rolled back, unless its coordinator goes on: none '",
        "w w -, false, 'is rolled back, unless its coordinator goes on: none '",
        "w - -, true, 'waits for a majority of its databases: b, c '",
        "pc - -, true, 'waits for a majority of its databases: b, c '",
        "c - -, true, 'commits in b, c: it is decided in a'",
        "c w -, true, 'commits in b: it is decided in a; c: '",
        "c c pc, false, 'commits in c: it is decided in a, b'",
        "w a w, false, 'is rolled back in a, c: it is decided in b'",
        "w q w, false, 'is rolled back, unless its coordinator goes on: it is not prepared in b'",
        "pc pc w, false, 'commits: a majority has pre-committed'",
        "pc w w, false, 'commits, unless a majority without a answers first'",
        "pa w w, false, 'is rolled back: a has pre-aborted'",
        "pc pa w, false, 'ends as its latest attempt wanted'",
        // Of two the home one, a, weighs two.
        "pc w, false, 'commits: a majority has pre-committed'",
        "w pc, false, 'commits, unless a majority without b answers first'",
        "w -, false, 'is rolled back, unless its coordinator goes on: none '",
        "- w, true, 'waits for a majority of its databases: a '",
    })
    void it_is_told_from_what_the_databases_know(String letters, boolean waits, String text) {
        List<String> databases = List.of("a", "b", "c").subList(0, letters.split(" ").length);
        Map<String, BranchState> states = new HashMap<>();
        for (int i = 0; i < databases.size(); i++) {
            states.put(databases.get(i), LETTERS.get(letters.split(" ")[i]));
        }
        Forecast forecast = Forecast.of(Branch.of("t", "a", databases), states);
        assertTrue(forecast.text().startsWith(text), forecast.text());
        assertEquals(waits, forecast.waits());
    }
}
