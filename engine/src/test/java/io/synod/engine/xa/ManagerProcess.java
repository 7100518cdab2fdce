package io.synod.engine.xa;

import io.synod.jdbc.SynodXADataSource;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import javax.sql.XAConnection;
import javax.transaction.xa.XAException;
import javax.transaction.xa.XAResource;
import javax.transaction.xa.Xid;

/**
 * A transaction manager in a process of its own, to be killed: global transactions of two branches, and what it has decided in
 * a file. What is not in the file when it comes back is rolled back. Arguments: file, URL, and what it does: how far it
 * goes with a transaction of which number, or RECOVER.
 */
final class ManagerProcess {
    static final String READY = "the manager waits after ";

    /** How far it goes. */
    enum Step {
        PREPARED,
        DECIDED,
        HALF_COMMITTED,
        RECOVER
    }

    private static final int BRANCHES = 2;

    private record Part(int number, int part) implements Xid {
        @Override
        public int getFormatId() {
            return 4712;
        }

        @Override
        public byte[] getGlobalTransactionId() {
            return String.valueOf(number).getBytes(StandardCharsets.UTF_8);
        }

        @Override
        public byte[] getBranchQualifier() {
            return new byte[] {(byte) part};
        }
    }

    private final Path decisions;
    private final SynodXADataSource source;

    private ManagerProcess(Path decisions, String url) {
        this.decisions = decisions;
        this.source = Branches.source(url);
    }

    public static void main(String[] args) throws Exception {
        ManagerProcess manager = new ManagerProcess(Path.of(args[0]), args[1]);
        Step step = Step.valueOf(args[2]);
        if (step == Step.RECOVER) {
            manager.recover();
            System.out.println(READY + step);
            return;
        }
        manager.run(Integer.parseInt(args[3]), step);
        System.out.println(READY + step);
        // Until it is killed, or whoever started it is gone.
        while (System.in.read() >= 0) {
            continue;
        }
    }

    private void run(int number, Step step) throws Exception {
        while (!isPrepared(number)) {
            // A change of leader: the transaction is run again, from its beginning.
            recover();
        }
        if (step == Step.PREPARED) {
            return;
        }
        Files.write(decisions, List.of(String.valueOf(number)), StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        if (step == Step.HALF_COMMITTED) {
            XAConnection pooled = source.getXAConnection();
            pooled.getXAResource().commit(new Part(number, 0), false);
        }
    }

    private boolean isPrepared(int number) throws Exception {
        try {
            for (int part = 0; part < BRANCHES; part++) {
                int id = number * BRANCHES + part;
                Branches.prepare(source, new Part(number, part), "INSERT INTO t VALUES (" + id + ", " + number + ")");
            }
            return true;
        } catch (XAException | java.sql.SQLException e) {
            System.err.println("to be run again: " + e);
            return false;
        }
    }

    private void recover() throws Exception {
        List<String> committed = decided();
        XAConnection pooled = source.getXAConnection();
        try {
            XAResource resource = pooled.getXAResource();
            for (Xid xid : resource.recover(XAResource.TMSTARTRSCAN | XAResource.TMENDRSCAN)) {
                String number = new String(xid.getGlobalTransactionId(), StandardCharsets.UTF_8);
                if (committed.contains(number)) {
                    resource.commit(xid, false);
                } else {
                    resource.rollback(xid);
                }
            }
        } finally {
            pooled.close();
        }
    }

    private List<String> decided() throws IOException {
        return Files.exists(decisions) ? Files.readAllLines(decisions) : List.of();
    }
}
