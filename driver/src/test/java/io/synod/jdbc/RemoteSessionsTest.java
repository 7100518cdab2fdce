package io.synod.jdbc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Properties;
import org.h2.command.CommandInterface;
import org.h2.engine.Session;
import org.h2.result.ResultInterface;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Sessions of a node without a copy, on another one. */
@Timeout(240)
class RemoteSessionsTest {
    @Test
    void a_setting_of_several_statements_is_the_same_on_the_other_node() throws Exception {
        try (StockNode node = new StockNode()) {
            Properties login = new Properties();
            login.setProperty("user", "sa");
            SynodUrl url = SynodUrl.parse(
                    "jdbc:synod:mem:shop;CONNECT_TIMEOUT=60000;IGNORE_UNKNOWN_SETTINGS=TRUE;INIT=SET @A = 1\\;SET @B = 2",
                    login);
            Session session = RemoteSessions.open(url, List.of(node.a.endpoint()), "secret".toCharArray());
            try (CommandInterface command = session.prepareCommand("SELECT @A + @B");
                    ResultInterface rows = command.executeQuery(0, 1, false)) {
                assertTrue(rows.next());
                assertEquals(3, rows.currentRow()[0].getInt());
            } finally {
                session.close();
            }
        }
    }
}
