package io.synod.clients;

/** Through a URL with the addresses of three nodes. */
class RemoteClientsTest extends ClientContract {
    @Override
    Cluster cluster() throws Exception {
        return Cluster.shared();
    }
}
