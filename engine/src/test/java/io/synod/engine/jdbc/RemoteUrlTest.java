package io.synod.engine.jdbc;

import io.synod.engine.node.EmbeddedEngine;
import io.synod.engine.node.Node;
import io.synod.jdbc.SynodUrl;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;

/** The same through the SQL port of a node. */
@Tag("long")
class RemoteUrlTest extends JdbcContract {
    @TempDir
    private Path directory;

    private Node node;

    @Override
    void prepare() throws Exception {
        String url = "jdbc:synod:file:" + directory.resolve("shop") + ";SQL=127.0.0.1:0";
        node = EmbeddedEngine.start(SynodUrl.parse(url, null));
    }

    @Override
    String url() {
        return "jdbc:synod://127.0.0.1:" + node.sqlPort() + "/shop";
    }

    @Override
    void cleanUp() {
        node.close();
    }
}
