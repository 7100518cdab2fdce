package io.synod.engine.federation;

import io.synod.engine.operations.TpchLoader;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import javax.sql.DataSource;
import org.h2.jdbc.JdbcConnection;

/** TPC-H's tables in one database, and spread over several. */
final class TpchTwin {
    private static final List<String> CHILDREN_FIRST =
            List.of("lineitem", "orders", "partsupp", "part", "customer", "supplier", "nation", "region");

    static final Map<String, List<String>> TWO = Map.of(
            "SALES", List.of("orders", "customer", "supplier", "part", "region"),
            "STOCK", List.of("lineitem", "partsupp", "nation"));

    static final Map<String, List<String>> THREE = Map.of(
            "SALES", List.of("orders", "supplier", "region"),
            "STOCK", List.of("lineitem", "nation"),
            "PEOPLE", List.of("customer", "part", "partsupp"));

    private TpchTwin() {}

    static Twin load(double scale, Map<String, List<String>> spread) throws SQLException {
        String[] databases = spread.keySet().stream().sorted().toArray(String[]::new);
        Twin twin = new Twin(databases);
        load(twin.one(), scale);
        for (String database : databases) {
            load(twin.member(database), scale);
            for (String table : CHILDREN_FIRST) {
                if (!spread.get(database).contains(table)) {
                    Twin.execute(twin.member(database), "DROP TABLE " + table + " CASCADE");
                }
            }
            Twin.execute(twin.member(database), "ANALYZE");
            twin.has(database, spread.get(database).toArray(new String[0]));
        }
        return twin;
    }

    private static void load(Connection connection, double scale) throws SQLException {
        // Another JDBC connection on the same session each time: closing it must not close the database.
        DataSource same = (DataSource) Proxy.newProxyInstance(
                TpchTwin.class.getClassLoader(),
                new Class<?>[] {DataSource.class},
                (proxy, method, arguments) ->
                        new JdbcConnection(((JdbcConnection) connection).getSession(), "sa", "jdbc:h2:mem:") {
                            @Override
                            public void close() {}
                        });
        new TpchLoader(same, scale).load();
        connection.setAutoCommit(true);
        Twin.execute(connection, "ANALYZE");
    }
}
