package io.synod.engine.session;

import io.synod.engine.database.CommitId;
import java.util.UUID;

/**
 * Under which ids the commits of a session are known in the log: those that the client gave, else, where a lost answer has
 * to be looked up, the session's own. A request that commits twice is known by its first commit: a second one of the same
 * id would be void. Under the session's lock.
 */
final class CommitIds {
    private final UUID session = UUID.randomUUID();
    private long number;
    private CommitId request = CommitId.NONE;
    private CommitId named;
    private CommitId used = CommitId.NONE;

    /** The id of the request that runs from now on. */
    void request(CommitId id) {
        request = id;
    }

    /** The client's name for the statement that comes next; goes before that of the request. */
    void name(CommitId id) {
        named = id;
    }

    void forgetName() {
        named = null;
    }

    /** For the next commit; one that is forwarded always has an id. */
    CommitId next(boolean forwarded) {
        CommitId id = named != null ? named : request;
        if (!id.isNone()) {
            CommitId once = id.equals(used) ? CommitId.NONE : id;
            used = id;
            return once;
        }
        return forwarded ? own() : CommitId.NONE;
    }

    /** The client's id that was taken last. */
    CommitId used() {
        return used;
    }

    /** What was taken and has named no commit yet is that of the next one. */
    void giveBack(CommitId id) {
        if (!id.isNone()) {
            named = id;
            used = CommitId.NONE;
        }
    }

    /** As {@link #next} has done before it was given back: no commit is to be known by it. */
    void take(CommitId id) {
        if (!id.isNone()) {
            used = id;
        }
    }

    /** For a commit that has to be looked up when its answer is lost. */
    CommitId orOwn(CommitId id) {
        return id.isNone() ? own() : id;
    }

    private CommitId own() {
        return new CommitId(session, ++number);
    }
}
