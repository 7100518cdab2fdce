package io.synod.engine.node;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.synod.engine.database.HostedDatabase;
import io.synod.engine.snapshot.H2Store;
import io.synod.group.Members;
import io.synod.jdbc.SynodUrl;
import io.synod.paxos.MemberChange;
import io.synod.replica.RemovedMemberException;
import io.synod.replica.ReplicatedLog;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.h2.message.DbException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A leader removes itself, and hears from the next leader that this is done before it has applied it itself. */
class SelfRemovalTest {
    @TempDir
    private Path directory;

    private H2Store store;
    private HostedDatabase database;
    private IdentityFile identity;
    private MemberChanges changes;
    private Throwable stops;

    @BeforeEach
    void open() throws Exception {
        NodeConfig config = NodeConfig.of(SynodUrl.parse(
                "jdbc:synod:file:" + directory.resolve("shop")
                        + ";NODE=a;LISTEN=127.0.0.1:1;PEERS=b@127.0.0.1:2,c@127.0.0.1:3;FAILOVER_TIMEOUT=500",
                null));
        identity = IdentityFile.open(directory, config);
        store = H2Store.openMemory("shop", Map.of());
        database = new HostedDatabase("shop", "a", store, 60_000);
        Members members = config.members();
        database.attach((ReplicatedLog) Proxy.newProxyInstance(
                ReplicatedLog.class.getClassLoader(),
                new Class<?>[] {ReplicatedLog.class},
                (proxy, method, args) -> switch (method.getName()) {
                    case "members", "committedMembers" -> members;
                    case "awaitLeader" -> "a";
                    case "changeMembers" -> {
                        database.onStopped(stops);
                        yield MemberChange.Outcome.refused(MemberChange.Refusal.NOT_KNOWN);
                    }
                    case "commitIndex", "appliedIndex" -> 0L;
                    default -> throw new UnsupportedOperationException(method.getName());
                }));
        database.onRemoved(configuration -> {
            try {
                identity.noteRemoved("shop", configuration);
            } catch (java.io.IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
        });
        NodePlace place = NodePlace.beginning(config);
        List<HostedDatabase> hosted = List.of(database);
        changes = new MemberChanges(
                config,
                place,
                identity,
                new CurrentMembers(place, () -> CurrentMembers.logsOf(hosted)),
                null,
                () -> hosted);
    }

    @AfterEach
    void close() {
        store.close();
    }

    @Test
    void it_is_told_that_it_was_removed_and_not_that_the_database_is_gone() {
        stops = new RemovedMemberException(HostedDatabase.groupId("shop"), 7);
        assertEquals("REMOVED", changes.remove("a").get(0).membership());
    }

    @Test
    void what_stopped_for_another_reason_is_not_known_to_be_done() {
        stops = new IllegalStateException("a failed force");
        DbException e = assertThrows(DbException.class, () -> changes.remove("a"));
        assertEquals("08001", e.getSQLException().getSQLState());
    }
}
