package io.synod.clients;

import static org.jooq.impl.DSL.count;
import static org.jooq.impl.DSL.field;
import static org.jooq.impl.DSL.name;
import static org.jooq.impl.DSL.sum;
import static org.jooq.impl.DSL.table;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.math.BigDecimal;
import org.jooq.CloseableDSLContext;
import org.jooq.Field;
import org.jooq.Record;
import org.jooq.SQLDialect;
import org.jooq.Table;
import org.jooq.impl.DSL;
import org.jooq.impl.SQLDataType;

/** jOOQ by URL only: it looks for {@code :h2:} in what the metadata say. */
final class JooqClient {
    private static final int TRANSACTIONS = 40;
    private static final Table<Record> ITEM = table(name("ITEM"));
    private static final Field<Integer> ID = field(name("ID"), SQLDataType.INTEGER);
    private static final Field<String> NAME = field(name("NAME"), SQLDataType.VARCHAR(40));
    private static final Field<BigDecimal> PRICE = field(name("PRICE"), SQLDataType.DECIMAL(10, 2));

    private JooqClient() {}

    static void run(Cluster cluster, String url) throws Exception {
        try (CloseableDSLContext sql = DSL.using(url, Cluster.USER, Cluster.PASSWORD)) {
            assertEquals(SQLDialect.H2, sql.dialect().family());
            sql.createTable(ITEM)
                    .column("ID", SQLDataType.INTEGER.identity(true))
                    .columns(NAME, PRICE)
                    .primaryKey(ID)
                    .execute();
            KillInside kill = new KillInside(cluster);
            for (int i = 0; i < TRANSACTIONS; i++) {
                if (i == TRANSACTIONS / 2) {
                    cluster.killLeader();
                }
                boolean inside = i == TRANSACTIONS / 4;
                String name = "item " + i;
                Retry.run(() -> sql.transactionResult(c -> {
                    kill.begun();
                    Integer id = c.dsl()
                            .insertInto(ITEM, NAME, PRICE)
                            .values(name, BigDecimal.ONE)
                            .returningResult(ID)
                            .fetchSingle(ID);
                    if (inside) {
                        kill.kill();
                    }
                    c.dsl()
                            .update(ITEM)
                            .set(PRICE, PRICE.plus(1))
                            .where(ID.eq(id))
                            .execute();
                    return id;
                }));
            }
            kill.assertRanAgain(TRANSACTIONS);
            assertEquals(
                    TRANSACTIONS, sql.select(count()).from(ITEM).fetchSingle().value1());
            assertEquals(
                    0,
                    new BigDecimal(2 * TRANSACTIONS)
                            .compareTo(sql.select(sum(PRICE))
                                    .from(ITEM)
                                    .fetchSingle()
                                    .value1()));
            assertEquals(
                    1,
                    sql.meta().getTables("ITEM").stream()
                            .filter(t -> t.getSchema().getName().equals("JOOQ"))
                            .count());
        }
    }
}
