package io.synod.engine.jdbc;

import io.synod.engine.failover.TestCluster;
import org.junit.jupiter.api.Tag;

/** Sessions that forward themselves to the leader behave as if they were there. */
@Tag("long")
class ClusterFollowerUrlTest extends ClusterContract {
    @Override
    String url(TestCluster cluster) throws Exception {
        return cluster.url(cluster.awaitFollower());
    }
}
