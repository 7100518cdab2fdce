package io.synod.engine.database;

import io.synod.engine.snapshot.H2Store;
import io.synod.group.Member;
import io.synod.group.Members;
import io.synod.replica.Proposal;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.h2.api.ErrorCode;
import org.h2.message.DbException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What an operator asks of a database through its system procedures: who leads, whether the members hold the same, how much
 * space its file takes. Thread-safe.
 */
public final class Administration {
    private static final Logger LOG = LoggerFactory.getLogger(Administration.class);

    private final HostedDatabase database;
    private final Digests digests;
    private final CopyRepair repair;

    Administration(HostedDatabase database, Digests digests) {
        this.database = database;
        this.digests = digests;
        this.repair = new CopyRepair(database);
    }

    /** What is done about a copy that is damaged. */
    public CopyRepair repair() {
        return repair;
    }

    /**
     * Gives back space of the file. A leader of several hands leadership over first. Not on a thread that may be interrupted.
     *
     * @return {@code null} when that is not possible now, try later
     * @throws IOException also when leadership could not be handed over
     */
    public H2Store.Reclaimed reclaim() throws IOException {
        boolean alone = database.log().members().voters().length < 2;
        if (!alone
                && database.log().servingEpoch() != 0
                && !Boolean.TRUE.equals(transfer(null))
                && database.log().servingEpoch() != 0) {
            throw new IOException("space of " + database.name() + " on node " + database.node()
                    + " is not reclaimed while this node leads, and"
                    + " no other could take over: start the others, or try later");
        }
        return database.storage().inStore(H2Store::reclaim);
    }

    /**
     * As {@link #reclaim}, for a client's thread.
     *
     * @throws DbException 50000 it was not possible, with the reason; 57014 the client was interrupted, and it goes on
     */
    public H2Store.Reclaimed reclaimForClient() {
        CompletableFuture<H2Store.Reclaimed> result = new CompletableFuture<>();
        Thread thread = new Thread(
                () -> {
                    try {
                        result.complete(reclaim());
                    } catch (IOException | RuntimeException e) {
                        result.completeExceptionally(e);
                    }
                },
                "synod-reclaim");
        thread.setDaemon(true);
        thread.start();
        try {
            return result.get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw DbException.get(ErrorCode.STATEMENT_WAS_CANCELED);
        } catch (ExecutionException e) {
            throw Errors.notReclaimed(database.name(), e.getCause());
        }
    }

    /** @return the place in the log where every member takes its digest, 0 when this node does not serve */
    public long startDigest() {
        long epoch = database.log().servingEpoch();
        if (epoch == 0) {
            return 0;
        }
        Proposal proposal = database.log().propose(new LogRecord.Digest().encode(), epoch, null);
        return proposal.await(TimeUnit.MILLISECONDS.toNanos(database.timeoutMillis())) == Proposal.Outcome.APPLIED
                ? proposal.entry().index()
                : 0;
    }

    /** This member's digest at a place in the log; waits until it is applied and its rows are read. */
    public List<DigestLine> digest(long index) {
        database.log().awaitApplied(index, TimeUnit.MILLISECONDS.toNanos(database.timeoutMillis()));
        CompletableFuture<List<DigestLine>> lines = digests.at(index);
        if (lines == null) {
            throw Errors.badValue(
                    "digest", String.valueOf(index), "the index that CALL SYNOD.DIGEST_START() gave lately");
        }
        while (true) {
            database.checkRunning();
            try {
                return lines.get(100, TimeUnit.MILLISECONDS);
            } catch (TimeoutException e) {
                LOG.trace("database {}: the digest at {} is still being computed", database.name(), index);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw DbException.get(ErrorCode.STATEMENT_WAS_CANCELED);
            } catch (ExecutionException e) {
                throw Errors.digestFailed(index, e.getCause());
            }
        }
    }

    /**
     * Hands leadership over.
     *
     * @param member to whom; {@code null} for the member that has most of the log
     * @throws DbException 22023 for a name that no member has, 55000 for a learner or a witness
     * @return whether it leads now, or anybody else where nobody was named; {@code null} when this node does not lead
     */
    public Boolean transfer(String member) {
        if (database.log().servingEpoch() == 0) {
            return null;
        }
        long nanos = TimeUnit.MILLISECONDS.toNanos(database.timeoutMillis());
        if (member == null) {
            return database.log().transferAway(nanos);
        }
        Members members = database.log().members();
        Member named = members.byName(member);
        if (named == null) {
            String names =
                    String.join(", ", members.all().stream().map(Member::name).toList());
            throw Errors.badValue("member", member, "one of " + names);
        }
        if (!members.mayLead(named.slot())) {
            throw MemberErrors.mayNotLead(database.name(), named);
        }
        return database.log().transferTo(member, nanos)
                && member.equals(database.log().awaitLeader(nanos));
    }
}
