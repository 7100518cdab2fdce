package io.synod.engine.operations;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.engine.Sql;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class AcrossOrdersTest {
    private static final String SALES = "jdbc:h2:mem:across-sales";
    private static final String STOCK = "jdbc:h2:mem:across-stock";

    private final OrderEntry.Log client = new OrderEntry.Log();
    private Connection sales;
    private Connection stock;

    @BeforeEach
    void create() throws SQLException {
        sales = DriverManager.getConnection(SALES, "sa", "");
        stock = DriverManager.getConnection(STOCK, "sa", "");
        AcrossOrders.create(SALES, STOCK, "sa");
        Sql.run(sales, "INSERT INTO orders VALUES (1, 7, 3)");
        Sql.run(stock, "UPDATE items SET pieces = pieces - 3 WHERE id = 7");
        client.acknowledged().add(new OrderEntry.Acknowledged(1, 1, 0));
    }

    @AfterEach
    void close() throws SQLException {
        sales.close();
        stock.close();
    }

    private Accounting.Result check() throws SQLException {
        return AcrossOrders.check(SALES, STOCK, "sa", List.of(client));
    }

    @Test
    void an_order_in_both_databases_is_right_answered_or_not() throws SQLException {
        assertTrue(check().holds(), check().toString());
        client.acknowledged().clear();
        assertEquals(1, check().notAsked());
        client.unknown().add(1L);
        assertTrue(check().holds(), check().toString());
    }

    @Test
    void an_order_in_one_database_only_is_found_whichever_it_is() throws SQLException {
        Sql.run(stock, "UPDATE items SET pieces = pieces + 3 WHERE id = 7");
        assertEquals(1, check().wrongSums().size());
        Sql.run(sales, "DELETE FROM orders");
        assertEquals(1, check().lost());
        client.acknowledged().clear();
        assertTrue(check().holds(), check().toString());
        Sql.run(stock, "UPDATE items SET pieces = pieces - 1 WHERE id = 9");
        assertFalse(check().holds());
    }
}
