package io.synod.engine.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.synod.engine.database.ReadDemand;
import io.synod.engine.database.ReadLevel;
import org.h2.message.DbException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ReadHintTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "/*+ READ(LOCAL) */ SELECT 1",
                "SELECT /*+ READ(LOCAL) */ 1",
                "SELECT/*+READ(LOCAL)*/1",
                "  \n/*+ INDEX(T I) read ( local ) */ SELECT 1",
                "-- a line\n/*+ READ(LOCAL) */ SELECT 1",
                "/* who * asked */ /*+ READ(LOCAL) */ SELECT 1",
                "/** of\n * a framework **/ SELECT /*+ READ(LOCAL) */ 1",
                "/* one */ /* two */ SELECT /*+ 2 * 2, READ(LOCAL) */ 1",
            })
    void hint_in_its_place_is_found(String sql) {
        assertEquals(new ReadHint(ReadLevel.LOCAL, -1), ReadHint.of(sql));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "SELECT 1",
                "SELECT 1 /*+ READ(LOCAL) */",
                "SELECT '/*+ READ(LOCAL) */'",
                "/* /*+ READ(LOCAL) */ SELECT 1",
                "/* a */ SELECT 1 /* b */ /*+ READ(LOCAL) */",
                "-- /*+ READ(LOCAL) */\nSELECT 1",
                "/*+ SPREAD(LOCAL) */ SELECT 1",
            })
    void what_stands_elsewhere_is_none(String sql) {
        assertNull(ReadHint.of(sql));
    }

    @Test
    void staleness_is_a_time_of_one_hour_at_most() {
        assertEquals(new ReadHint(ReadLevel.BOUNDED, 0), ReadHint.of("/*+ READ(BOUNDED, 0) */ SELECT 1"));
        assertEquals(new ReadHint(ReadLevel.BOUNDED, 3_600_000), ReadHint.of("/*+ READ(BOUNDED 3600000) */ SELECT 1"));
        for (String wrong : new String[] {
            "BOUNDED, 3600001", "BOUNDED, 99999999999999999999", "BOUNDED, soon", "LOCAL, 5", "", "RECENT"
        }) {
            DbException e =
                    assertThrows(DbException.class, () -> ReadHint.of("/*+ READ(" + wrong + ") */ SELECT 1"), wrong);
            assertEquals("22023", e.getSQLException().getSQLState(), wrong);
        }
        for (String wrong : new String[] {"-1", "3600001", "1e3", ""}) {
            DbException e = assertThrows(DbException.class, () -> ReadDemand.parseStaleness(wrong), wrong);
            assertEquals("22023", e.getSQLException().getSQLState(), wrong);
        }
    }

    @Test
    void a_long_comment_before_it_does_no_harm() {
        String sql = "/* " + "x * ".repeat(100_000) + "*/" + " ".repeat(100_000) + "SELECT /*+ READ(LOCAL) */ 1";
        assertEquals(new ReadHint(ReadLevel.LOCAL, -1), ReadHint.of(sql));
    }
}
