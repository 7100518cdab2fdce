package io.synod.clients;

/** Through a node in this process, which is a follower: its sessions forward what they write. */
class EmbeddedClientsTest extends ClientContract {
    @Override
    Cluster cluster() throws Exception {
        return Cluster.withEmbeddedNode();
    }
}
