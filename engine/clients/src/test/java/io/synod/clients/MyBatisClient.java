package io.synod.clients;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Properties;
import org.apache.ibatis.annotations.Insert;
import org.apache.ibatis.annotations.Options;
import org.apache.ibatis.annotations.Param;
import org.apache.ibatis.annotations.Select;
import org.apache.ibatis.annotations.Update;
import org.apache.ibatis.datasource.pooled.PooledDataSource;
import org.apache.ibatis.mapping.Environment;
import org.apache.ibatis.mapping.VendorDatabaseIdProvider;
import org.apache.ibatis.session.Configuration;
import org.apache.ibatis.session.SqlSession;
import org.apache.ibatis.session.SqlSessionFactory;
import org.apache.ibatis.session.SqlSessionFactoryBuilder;
import org.apache.ibatis.transaction.jdbc.JdbcTransactionFactory;

/** MyBatis with its own pool and mappers by annotation. */
final class MyBatisClient {
    private static final int TRANSACTIONS = 40;

    private MyBatisClient() {}

    /** A row. */
    static final class Item {
        private long id;
        private final String name;

        Item(String name) {
            this.name = name;
        }

        public long getId() {
            return id;
        }

        public void setId(long id) {
            this.id = id;
        }

        public String getName() {
            return name;
        }
    }

    /** Made by MyBatis. */
    interface Items {
        @Update(
                "CREATE TABLE ITEM(ID BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, NAME VARCHAR(40), N INT DEFAULT 0)")
        void create();

        @Insert("INSERT INTO ITEM(NAME) VALUES (#{name})")
        @Options(useGeneratedKeys = true, keyProperty = "id", keyColumn = "ID")
        int add(Item item);

        @Update("UPDATE ITEM SET N = N + 1 WHERE ID = #{id}")
        int touch(@Param("id") long id);

        @Select("SELECT COUNT(*) FROM ITEM WHERE N = 1")
        int touched();

        @Select("SELECT COUNT(*) FROM ITEM")
        int all();

        @Select(value = "SELECT 'H2'", databaseId = "h2")
        String dialect();
    }

    static void run(Cluster cluster, String url) throws Exception {
        PooledDataSource pool = new PooledDataSource("io.synod.jdbc.SynodDriver", url, Cluster.USER, Cluster.PASSWORD);
        pool.setPoolPingEnabled(true);
        pool.setPoolPingQuery("SELECT 1");
        try {
            Configuration configuration =
                    new Configuration(new Environment("clients", new JdbcTransactionFactory(), pool));
            VendorDatabaseIdProvider vendors = new VendorDatabaseIdProvider();
            Properties names = new Properties();
            names.setProperty("H2", "h2");
            vendors.setProperties(names);
            configuration.setDatabaseId(vendors.getDatabaseId(pool));
            configuration.addMapper(Items.class);
            SqlSessionFactory factory = new SqlSessionFactoryBuilder().build(configuration);
            try (SqlSession session = factory.openSession()) {
                session.getMapper(Items.class).create();
                assertEquals("H2", session.getMapper(Items.class).dialect());
            }
            KillInside kill = new KillInside(cluster);
            for (int i = 0; i < TRANSACTIONS; i++) {
                if (i == TRANSACTIONS / 2) {
                    cluster.killLeader();
                }
                boolean inside = i == TRANSACTIONS / 4;
                String name = "item " + i;
                Retry.run(() -> {
                    kill.begun();
                    try (SqlSession session = factory.openSession()) {
                        Items items = session.getMapper(Items.class);
                        Item item = new Item(name);
                        assertEquals(1, items.add(item));
                        assertTrue(item.getId() > 0);
                        if (inside) {
                            kill.kill();
                        }
                        assertEquals(1, items.touch(item.getId()));
                        session.commit();
                        return item.getId();
                    }
                });
            }
            kill.assertRanAgain(TRANSACTIONS);
            try (SqlSession session = factory.openSession()) {
                assertEquals(TRANSACTIONS, session.getMapper(Items.class).touched());
                assertEquals(TRANSACTIONS, session.getMapper(Items.class).all());
            }
        } finally {
            pool.forceCloseAll();
        }
    }
}
