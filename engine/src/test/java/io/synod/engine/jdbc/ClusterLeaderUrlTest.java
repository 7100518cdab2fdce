package io.synod.engine.jdbc;

import io.synod.engine.failover.TestCluster;
import org.junit.jupiter.api.Tag;

@Tag("long")
class ClusterLeaderUrlTest extends ClusterContract {
    @Override
    String url(TestCluster cluster) throws Exception {
        return cluster.url(cluster.awaitLeader());
    }
}
