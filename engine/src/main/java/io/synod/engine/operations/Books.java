package io.synod.engine.operations;

import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashMap;
import java.util.Map;

/**
 * What one node's copy of the database says of the orders that {@link OrderEntry} entered.
 *
 * @param linesByOrder number of lines by order key, of all orders that were entered; 0 for an order without lines
 * @param stock pieces in stock, all parts
 * @param sold pieces in lines that were entered
 * @param balances all customers' balances
 * @param charged total price of orders that were entered
 * @param linePrices prices of lines that were entered
 */
record Books(
        Map<Long, Integer> linesByOrder,
        BigDecimal stock,
        BigDecimal sold,
        BigDecimal balances,
        BigDecimal charged,
        BigDecimal linePrices) {

    static Books read(Connection connection) throws SQLException {
        Map<Long, Integer> lines = new HashMap<>();
        try (PreparedStatement select = connection.prepareStatement(
                        "SELECT O_ORDERKEY FROM ORDERS WHERE O_ORDERKEY >= " + OrderEntry.FIRST_KEY);
                ResultSet rows = select.executeQuery()) {
            while (rows.next()) {
                lines.put(rows.getLong(1), 0);
            }
        }
        try (PreparedStatement select = connection.prepareStatement(
                        "SELECT L_ORDERKEY FROM LINEITEM WHERE L_ORDERKEY >= " + OrderEntry.FIRST_KEY);
                ResultSet rows = select.executeQuery()) {
            while (rows.next()) {
                lines.merge(rows.getLong(1), 1, Integer::sum);
            }
        }
        String entered = " WHERE L_ORDERKEY >= " + OrderEntry.FIRST_KEY;
        return new Books(
                lines,
                sum(connection, "SUM(PS_AVAILQTY) FROM PARTSUPP"),
                sum(connection, "SUM(L_QUANTITY) FROM LINEITEM" + entered),
                sum(connection, "SUM(C_ACCTBAL) FROM CUSTOMER"),
                sum(connection, "SUM(O_TOTALPRICE) FROM ORDERS WHERE O_ORDERKEY >= " + OrderEntry.FIRST_KEY),
                sum(connection, "SUM(L_EXTENDEDPRICE) FROM LINEITEM" + entered));
    }

    private static BigDecimal sum(Connection connection, String what) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("SELECT " + what)) {
            rows.next();
            BigDecimal sum = rows.getBigDecimal(1);
            return sum == null ? BigDecimal.ZERO : sum;
        }
    }
}
