package io.synod.engine.twin;

import io.synod.engine.twin.TwinCluster.Way;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Generated statements do the same on Synod as on stock H2, 2,000 in all. {@code -Dsynod.seed=…} runs another seed. */
class GeneratedTwinTest {
    private static final int STATEMENTS = 500;
    private static final long[] SEEDS = {20261, 20264, 20263, 20265};

    @TempDir
    private static Path directory;

    private static TwinCluster cluster;

    @BeforeAll
    static void start() throws Exception {
        cluster = new TwinCluster(directory);
    }

    @AfterAll
    static void stop() {
        cluster.close();
    }

    @ParameterizedTest
    @EnumSource
    void generated_statements_are_the_same_as_on_stock_h2(Way way) throws Exception {
        long ordinary = SEEDS[way.ordinal()];
        GeneratedRun.run(cluster, way, Long.getLong("synod.seed", ordinary), STATEMENTS);
    }
}
