package io.synod.engine.operations;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.jdbc.SynodUrl;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

class NodeCommandTest {
    private static List<SynodUrl> urls(String line) throws SQLException {
        NodeCommand command = new NodeCommand();
        new CommandLine(command).parseArgs(line.split(" "));
        return command.urls();
    }

    private static final String NODE =
            "--name a --dir data/a --listen 127.0.0.1:7101 --sql 127.0.0.1:7201 --peers b@127.0.0.1:7102,c@127.0.0.1:7103";

    @Test
    void options_become_the_url_of_the_same_node() throws SQLException {
        List<SynodUrl> urls = urls(NODE + " --database shop --database stock --set PRIORITY=5");
        assertEquals(
                List.of("shop", "stock"), urls.stream().map(SynodUrl::database).toList());
        SynodUrl shop = urls.get(0);
        assertEquals(SynodUrl.Kind.FILE, shop.kind());
        assertTrue(shop.path().endsWith("data/a"), shop.path());
        assertEquals(
                Map.of(
                        "NODE", "a",
                        "LISTEN", "127.0.0.1:7101",
                        "SQL", "127.0.0.1:7201",
                        "PEERS", "b@127.0.0.1:7102,c@127.0.0.1:7103",
                        "PRIORITY", "5"),
                shop.settings());
    }

    @Test
    void a_wrong_setting_or_peer_is_refused_with_its_value() {
        for (String wrong :
                List.of(NODE + " --database shop --set PRIORTY=5", NODE.replace(":7103", ":x") + " --database shop")) {
            SQLException refused = assertThrows(SQLException.class, () -> urls(wrong));
            assertTrue(
                    refused.getMessage().contains("PRIORITY")
                            || refused.getMessage().contains(":x"),
                    refused.getMessage());
        }
    }

    @Test
    void a_node_without_a_database_is_a_wrong_call() {
        assertThrows(CommandLine.ParameterException.class, () -> urls(NODE));
    }
}
