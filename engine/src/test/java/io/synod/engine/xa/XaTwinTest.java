package io.synod.engine.xa;

import static io.synod.engine.xa.Branches.TABLE;
import static io.synod.engine.xa.Branches.number;
import static io.synod.engine.xa.Branches.run;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.synod.engine.xa.Branches.Name;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import javax.sql.XAConnection;
import javax.sql.XADataSource;
import javax.transaction.xa.XAResource;
import javax.transaction.xa.Xid;
import org.h2.jdbcx.JdbcDataSource;
import org.junit.jupiter.api.Test;

/** The same program of a transaction manager, and of plain SQL, on stock H2 and on Synod, where H2's is sane. */
class XaTwinTest {
    private static JdbcDataSource h2(String name) {
        JdbcDataSource source = new JdbcDataSource();
        source.setURL("jdbc:h2:mem:" + name);
        source.setUser("sa");
        source.setPassword("secret");
        return source;
    }

    /** One connection, one branch behind the other, each decided before the next. */
    private static List<String> manager(XADataSource source, long seed) throws Exception {
        Random random = new Random(seed);
        List<String> seen = new ArrayList<>();
        XAConnection keeper = source.getXAConnection();
        XAConnection pooled = source.getXAConnection();
        try (Connection reader = keeper.getConnection();
                Connection c = pooled.getConnection()) {
            run(reader, TABLE);
            XAResource resource = pooled.getXAResource();
            for (int i = 1; i <= 40; i++) {
                Name name = new Name(i);
                resource.start(name, XAResource.TMNOFLAGS);
                int id = random.nextInt(10);
                run(c, "MERGE INTO t VALUES (" + id + ", " + i + ")");
                if (random.nextBoolean()) {
                    // Another row: a branch that takes back all it did is read-only here, what H2 never says.
                    run(c, "DELETE FROM t WHERE id = " + (id + 1 + random.nextInt(9)) % 10);
                }
                seen.add("in the branch " + number(c, "SELECT COALESCE(SUM(x), 0) FROM t"));
                resource.end(name, XAResource.TMSUCCESS);
                switch (random.nextInt(4)) {
                    case 0 -> resource.commit(name, true);
                    case 1 -> resource.rollback(name);
                    default -> {
                        seen.add("prepared " + resource.prepare(name));
                        Xid[] found = keeper.getXAResource().recover(XAResource.TMSTARTRSCAN);
                        seen.add(found.length + " in doubt " + name.isNameOf(found[0]));
                        seen.add("outside " + number(reader, "SELECT COALESCE(SUM(x), 0) FROM t"));
                        if (random.nextBoolean()) {
                            resource.commit(name, false);
                        } else {
                            resource.rollback(name);
                        }
                    }
                }
                seen.add("after " + number(reader, "SELECT COALESCE(SUM(x), 0) FROM t") + " " + c.getAutoCommit());
            }
        } finally {
            pooled.close();
            keeper.close();
        }
        return seen;
    }

    @Test
    void a_manager_sees_the_same() throws Exception {
        long seed = System.nanoTime();
        assertEquals(manager(h2("twin"), seed), manager(Branches.source("jdbc:synod:mem:twin"), seed), "seed " + seed);
    }

    private static List<String> sql(XADataSource source) throws Exception {
        List<String> seen = new ArrayList<>();
        XAConnection pooled = source.getXAConnection();
        try (Connection c = pooled.getConnection();
                Statement s = c.createStatement()) {
            run(c, TABLE);
            c.setAutoCommit(false);
            for (String sql : List.of(
                    "COMMIT TRANSACTION nobody",
                    "ROLLBACK TRANSACTION nobody",
                    "INSERT INTO t VALUES (1, 10)",
                    "PREPARE COMMIT one",
                    "SELECT * FROM INFORMATION_SCHEMA.IN_DOUBT",
                    "COMMIT TRANSACTION two",
                    "COMMIT TRANSACTION one",
                    "SELECT * FROM t",
                    "COMMIT TRANSACTION one",
                    "UPDATE t SET x = 11",
                    "PREPARE COMMIT \"quoted name\"",
                    "ROLLBACK TRANSACTION \"quoted name\"",
                    "SELECT * FROM t",
                    "SELECT * FROM INFORMATION_SCHEMA.IN_DOUBT",
                    "PREPARE COMMIT nothing",
                    "COMMIT TRANSACTION nothing")) {
                try {
                    if (s.execute(sql)) {
                        try (ResultSet rows = s.getResultSet()) {
                            while (rows.next()) {
                                seen.add(rows.getString(1) + " " + rows.getString(2));
                            }
                        }
                    } else {
                        seen.add(sql + ": " + s.getUpdateCount());
                    }
                } catch (SQLException e) {
                    seen.add(sql + ": " + e.getSQLState() + " " + e.getErrorCode());
                }
            }
        } finally {
            pooled.close();
        }
        return seen;
    }

    @Test
    void so_does_plain_sql() throws Exception {
        assertEquals(sql(h2("plain")), sql(Branches.source("jdbc:synod:mem:plain")));
    }
}
