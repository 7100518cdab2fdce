package io.synod.engine.faults;

import io.synod.engine.Sql;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/** A bank: clients move money between accounts, and every other one reads all accounts in one statement, whose sum never changes. */
final class Transfers extends Workload {
    private static final int ACCOUNTS = 8;
    private static final int BALANCE = 1000;
    private static final String SUM = "SELECT SUM(x) FROM account";

    private final Queue<String> torn = new ConcurrentLinkedQueue<>();

    @Override
    List<String> tables() {
        return List.of(
                "CREATE TABLE account(id INT PRIMARY KEY, x BIGINT NOT NULL)",
                "INSERT INTO account SELECT x, " + BALANCE + " FROM SYSTEM_RANGE(0, " + (ACCOUNTS - 1) + ")");
    }

    @Override
    void transaction(Client client) {
        boolean committing = false;
        boolean writes = client.id % 2 == 0;
        try {
            Connection c = client.connection(!writes && client.random.nextBoolean());
            if (writes) {
                int amount = 1 + client.random.nextInt(5);
                int from = client.random.nextInt(ACCOUNTS);
                int to = (from + 1 + client.random.nextInt(ACCOUNTS - 1)) % ACCOUNTS;
                add(c, from, -amount);
                add(c, to, amount);
            } else {
                long sum = Sql.number(c, SUM);
                if (sum != ACCOUNTS * BALANCE) {
                    torn.add(this + ": a read gave the sum " + sum);
                }
            }
            committing = true;
            c.commit();
            client.acknowledged(writes);
        } catch (SQLException e) {
            // Done or not: the sum stays.
            client.failed(e, committing);
        }
    }

    private static void add(Connection c, int account, int amount) throws SQLException {
        try (PreparedStatement s = c.prepareStatement("UPDATE account SET x = x + ? WHERE id = ?")) {
            s.setInt(1, amount);
            s.setInt(2, account);
            s.executeUpdate();
        }
    }

    @Override
    List<String> judge(Connection c) throws SQLException {
        List<String> faults = new ArrayList<>(torn);
        long sum = Sql.number(c, SUM);
        if (sum != ACCOUNTS * BALANCE) {
            faults.add(this + ": the accounts hold " + sum + " in the end");
        }
        return faults;
    }

    @Override
    public String toString() {
        return "bank";
    }
}
