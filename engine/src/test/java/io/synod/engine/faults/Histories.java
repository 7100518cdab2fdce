package io.synod.engine.faults;

import io.synod.engine.Sql;
import io.synod.engine.failover.ClientThreads;
import io.synod.engine.failover.TestCluster;
import io.synod.engine.operations.Gaps;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.LongSupplier;
import java.util.stream.LongStream;

/** All workloads on one database, their clients, and the verdict. */
final class Histories implements AutoCloseable {
    private static final int IMPATIENT_MILLIS = 4_000;
    private static final int PATIENT_MILLIS = 20_000;
    private static final int APPENDERS = 4;
    private static final int READ_COMMITTED_APPENDERS = 2;
    private static final int REGISTER_CLIENTS = 4;
    private static final int INSERTERS = 1;
    private static final int TELLERS = 2;
    /** More would lose each other's values. */
    private static final int LARGE_WRITERS = 1;

    private static final int KILLED = 1;

    private final ListAppends serializable = new ListAppends("list", Connection.TRANSACTION_SERIALIZABLE);
    private final ListAppends committed = new ListAppends("committed_list", Connection.TRANSACTION_READ_COMMITTED);
    private final Registers registers = new Registers();
    private final UniqueInserts inserts = new UniqueInserts();
    private final Transfers transfers = new Transfers();
    private final LargeRows large = new LargeRows();
    private final KilledClients killed = new KilledClients();
    private final List<Workload> all = List.of(serializable, committed, registers, inserts, transfers, large, killed);
    private final ClientThreads threads = new ClientThreads();
    private int clients;

    void create(String url) throws SQLException {
        try (Connection c = TestCluster.connect(url)) {
            for (Workload workload : all) {
                Sql.untilDone(c, workload.tables().toArray(String[]::new));
            }
        }
    }

    /** Starts the clients, by turns at the leader and at any node, patient and less so. */
    void start(String url, SplittableRandom random) {
        start(serializable, APPENDERS, url, random);
        start(committed, READ_COMMITTED_APPENDERS, url, random);
        start(registers, REGISTER_CLIENTS, url, random);
        start(inserts, INSERTERS, url, random);
        start(transfers, TELLERS, url, random);
        start(large, LARGE_WRITERS, url, random);
        start(killed, KILLED, url, random);
    }

    /** {@code kill -9} of the client that is a process. @return false when it does not run just now */
    boolean killClient() {
        return killed.kill();
    }

    private void start(Workload workload, int count, String url, SplittableRandom random) {
        for (int i = 0; i < count; i++) {
            String target = clients % 2 == 0 ? "" : ";TARGET=ANY";
            int failoverMillis = clients % 3 == 0 ? IMPATIENT_MILLIS : PATIENT_MILLIS;
            clients++;
            workload.start(
                    threads, url + ";LOCK_TIMEOUT=3000;FAILOVER_TIMEOUT=" + failoverMillis + target, random.split());
        }
    }

    /** Waits until each client had so many more acknowledged. */
    void awaitProgress(int each) throws Exception {
        threads.awaitProgress(
                each,
                all.stream()
                        .flatMap(workload -> workload.progress().stream())
                        .map(count -> (LongSupplier) count::get)
                        .toList());
    }

    /** Lets each client end what it is at. */
    void stop() throws Exception {
        threads.stop();
    }

    /** What does not hold, of all workloads; no client runs any more. */
    List<String> judge(String url) throws SQLException {
        List<String> faults = new ArrayList<>();
        try (Connection c = TestCluster.connect(url)) {
            for (Workload workload : all) {
                faults.addAll(workload.judge(c));
            }
        }
        return faults;
    }

    /** When writes were acknowledged, of all clients. */
    Gaps gaps() {
        return new Gaps(all.stream()
                .flatMapToLong(w -> LongStream.of(w.writesAcknowledged()))
                .toArray());
    }

    /** A line for each workload. */
    List<String> counts() {
        return all.stream().map(Workload::counts).toList();
    }

    @Override
    public void close() {
        threads.close();
    }
}
