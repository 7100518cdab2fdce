package io.synod.engine.session;

import io.synod.engine.database.Errors;
import io.synod.engine.database.HostedDatabase;
import io.synod.engine.database.ReadDemand;
import io.synod.engine.database.ReadLevel;
import io.synod.engine.session.SqlText.Token;
import io.synod.engine.session.StatementRouter.Decision;
import io.synod.engine.session.StatementRouter.Route;
import io.synod.replica.Patience;
import java.util.List;
import java.util.function.Supplier;
import org.h2.api.ErrorCode;
import org.h2.command.CommandInterface;
import org.h2.engine.SessionLocal;
import org.h2.engine.SynodEngineBridge;
import org.h2.message.DbException;
import org.h2.value.Value;

/**
 * Runs each statement of a session in the way of its {@link Route}. Called under the session's lock.
 *
 * <p><b>Order and failure</b> of what writes: see {@link RoutedTransaction}, and {@link RoutedExecution}, which runs it.
 */
final class StatementDispatch {
    private final RoutedSession session;
    private final HostedDatabase database;
    private final RoutedTransaction transaction;
    private final RoutedExecution routed;
    private final Forwarding forwarding;
    private final Levels levels;
    private final DdlRunner ddl;
    private final NamedStatements named;
    private final StatementList list;

    StatementDispatch(RoutedSession session) {
        this.session = session;
        this.database = session.database();
        this.transaction = session.transaction();
        this.routed = session.execution();
        this.forwarding = session.forwarding();
        this.levels = session.levels();
        this.ddl = new DdlRunner(session);
        this.named = new NamedStatements(session);
        this.list = new StatementList(session);
    }

    /** The session's inner one is another one now. */
    void move(SessionLocal fresh) {
        named.move(fresh);
    }

    <T> T run(RoutedCommand command, Execution<T> execution) {
        Decision decision = command.decision();
        switch (decision.route()) {
            case READ -> {
                return read(command, execution);
            }
            case WRITE, LOCKING_READ -> {
                return routed.write(command, execution);
            }
            case SAVEPOINT -> {
                T result = routed.write(command, execution);
                session.otherBranches().savepoint(command);
                return result;
            }
            case STATEMENT -> {
                return ddl.execute(command, execution);
            }
            case ROLLBACK_TO_SAVEPOINT -> {
                T result = routed.backToSavepoint(command, execution);
                session.otherBranches().backToSavepoint(command);
                return result;
            }
            case SESSION_STATE -> {
                if (SessionVariables.isAssignedByQuery(command.tokens()) && !session.isInternal()) {
                    return setVariable(command, execution);
                }
                T result = namesSchema(command)
                        ? setSchema(command, execution)
                        : knownHere(() -> routed.onLocal(command, execution));
                session.boundQueryTimeout();
                return result;
            }
            case ISOLATION -> {
                transaction.commitImplicitly();
                return routed.onLocal(command, execution);
            }
            case NODE_STATE -> {
                transaction.commitImplicitly();
                return nodeState(command, execution);
            }
            case SCRIPT -> {
                transaction.commitImplicitly();
                // To a file of this node it goes without the leader, who knows best where sequences stand.
                boolean toFile = command.tokens().stream().anyMatch(t -> t.is("TO"));
                if (!toFile) {
                    return readAtLeader(command, execution);
                }
                database.moveSequencesToMarks();
                return read(command, execution);
            }
            case SESSION_TABLE -> {
                return sessionTable(command, execution);
            }
            case COMMIT -> transaction.commit(transaction.commitId());
            case ROLLBACK -> transaction.rollback();
            case BEGIN -> transaction.suspendAutoCommit();
            case PREPARE_BRANCH -> session.branches().prepare(command);
            case DECIDE_BRANCH -> {
                return session.branches().decide(command, execution);
            }
            case AUTOCOMMIT_ON -> transaction.setAutoCommit(true);
            case AUTOCOMMIT_OFF -> transaction.setAutoCommit(false);
            case NOTHING -> {
                if (command.getCommandType() == CommandInterface.SET) {
                    checkSetting(command);
                }
                return execution.nothing();
            }
            case CHECKPOINT -> session.local().getUser().checkAdmin();
            case PREPARE -> {
                transaction.commitImplicitly();
                T result = routed.onLocal(command, execution);
                named.prepare(command);
                return result;
            }
            case EXECUTE -> {
                return named.execute(command, execution);
            }
            case DEALLOCATE -> {
                transaction.commitImplicitly();
                T result = routed.onLocal(command, execution);
                named.deallocate(command);
                return result;
            }
            case ACROSS -> {
                return across(command, execution);
            }
            case BACKUP -> backup(command);
            case SHUTDOWN -> shutdown(command);
            case ABORT_SESSION -> {
                return SessionAbort.run(session, command, execution);
            }
            case LIST -> {
                return list.execute(command, execution);
            }
            case RUNSCRIPT -> {
                return execution.counted(new Script(session).run(command));
            }
            case IMMEDIATE -> {
                return immediate(command, execution);
            }
            case REFUSED -> {
                if (!command.isTransactional()) {
                    // As H2 does before it finds that it cannot: also the remote driver takes it for granted.
                    transaction.commitImplicitly();
                }
                throw Errors.refused(SqlText.firstWords(command.tokens()), decision.why(), decision.instead());
            }
            case QUERY, SETTING -> throw new IllegalStateException("not a route to run: " + decision.route());
        }
        return execution.nothing();
    }

    /** What a session is set to, a schema say, may have been created elsewhere a moment ago. */
    <T> T knownHere(Supplier<T> call) {
        try {
            return call.get();
        } catch (DbException e) {
            if (database.log().servingEpoch() != 0) {
                throw e;
            }
            database.reads().awaitReadable();
            return call.get();
        }
    }

    private <T> T nodeState(RoutedCommand command, Execution<T> execution) {
        List<Token> tokens = command.tokens();
        if (tokens.get(1).is("DB_CLOSE_DELAY")) {
            session.local().getUser().checkAdmin();
            database.setStaysOpen(!tokens.get(tokens.size() - 1).text().equals("0"));
            return execution.nothing();
        }
        return routed.onLocal(command, execution);
    }

    /** One without effect fails where it fails on H2. */
    private void checkSetting(RoutedCommand command) {
        session.local().getUser().checkAdmin();
        List<Token> tokens = command.tokens();
        boolean assigned =
                tokens.size() > 3 && (tokens.get(2).is("=") || tokens.get(2).is("TO"));
        String expression = command.sql().substring(tokens.get(assigned ? 3 : 2).start());
        int value = NamedStatements.evaluate(session, expression, command.getParameters())[0].getInt();
        if (value < 0 && !tokens.get(1).is("CREATE_BUILD")) {
            throw DbException.getInvalidValueException(tokens.get(1).text(), value);
        }
    }

    /** BACKUP TO expression: the file lies on this node. */
    private void backup(RoutedCommand command) {
        session.local().getUser().checkAdmin();
        String file = NamedStatements.evaluate(
                session, command.sql().substring(command.tokens().get(2).start()), command.getParameters())[0]
                .getString();
        database.reads().awaitReadable();
        database.storage().backup(file);
    }

    private void shutdown(RoutedCommand command) {
        session.local().getUser().checkAdmin();
        if (database.log().members().all().size() > 1) {
            throw Errors.refused(
                    SqlText.firstWords(command.tokens()),
                    "it would close one node's copy and leave the others without it",
                    "close the connections, or stop the node's process; CALL SYNOD.TRANSFER() hands over its leadership");
        }
        boolean immediately = command.getCommandType() == CommandInterface.SHUTDOWN_IMMEDIATELY;
        if (immediately) {
            transaction.rollback();
        } else {
            transaction.commitImplicitly();
        }
        database.shutdown(immediately);
    }

    /** A statement that names other databases: as a transaction of its own, and undone, it is executed again. */
    private <T> T across(RoutedCommand command, Execution<T> execution) {
        Repetition repetition = new Repetition(forwarding, session.ids());
        long deadline = System.nanoTime() + database.timeoutMillis() * 1_000_000L;
        boolean single = transaction.isSingle();
        while (true) {
            repetition.begins(session.local(), transaction.isForwarded());
            long commits = transaction.commits();
            try {
                return transaction.group().across(execution, () -> command.runAcross(execution));
            } catch (DbException e) {
                if (!single
                        || commits != transaction.commits()
                        || !repetition.isDueAcross(e, command, execution, deadline)) {
                    throw e;
                }
            }
        }
    }

    private <T> T read(RoutedCommand command, Execution<T> execution) {
        if (command.isOfNode()) {
            return routed.onLocal(command, execution);
        }
        ReadDemand demand =
                command.hint() == null ? levels.read() : command.hint().over(levels.read());
        boolean isRead = command.decision().route() == Route.READ;
        boolean begins = !transaction.isOpen();
        switch (transaction.placeOfRead()) {
            case HERE -> {
                if (isRead && !command.stillReads()) {
                    return run(command, execution);
                }
                T result = routed.here(command, execution);
                if (demand.level() == ReadLevel.LINEARIZABLE) {
                    routed.confirmed(result);
                }
                return result;
            }
            case FORWARDED -> {
                if (isRead) {
                    if (!command.stillReads()) {
                        return run(command, execution);
                    }
                    transaction.readsThere(command.catalogue());
                }
                return begins ? firstForwarded(command, execution) : routed.forward(command, execution);
            }
            default -> {
                if (forwarding.pinned()) {
                    if (isRead) {
                        command.stillReads();
                    }
                    return routed.write(command, execution);
                }
                transaction.readsHere();
                T result = database.reads()
                        .read(
                                demand,
                                levels.seen(),
                                transaction.hasSnapshotHere(),
                                () -> isRead && !command.stillReads() ? null : routed.onLocal(command, execution));
                return isRead && command.decision().route() != Route.READ ? run(command, execution) : result;
            }
        }
    }

    /** A transaction's first statement, and a read: a node that was asked and did not lead has executed nothing. */
    private <T> T firstForwarded(RoutedCommand command, Execution<T> execution) {
        long deadline = System.nanoTime() + database.timeoutMillis() * 1_000_000L;
        while (true) {
            try {
                return transaction.isForwarded() ? routed.forward(command, execution) : read(command, execution);
            } catch (DbException e) {
                if (!transaction.isForwarded() || Patience.isOver() || !forwarding.shallAskAgain(e, deadline)) {
                    throw e;
                }
                transaction.undoAll();
                transaction.placeOfRead();
            }
        }
    }

    /** A table of this session only lives in one inner session: here on the leader, else on the leader, pinned. */
    private <T> T sessionTable(RoutedCommand command, Execution<T> execution) {
        transaction.commitImplicitly();
        return atLeader(
                () -> {
                    try {
                        return session.writer().executeUnguarded(() -> command.runHere(execution));
                    } finally {
                        transaction.rollback();
                    }
                },
                () -> {
                    T result = routed.forward(command, execution);
                    transaction.ended();
                    forwarding.pin();
                    return result;
                });
    }

    private <T> T readAtLeader(RoutedCommand command, Execution<T> execution) {
        return atLeader(
                () -> {
                    transaction.rollback();
                    return read(command, execution);
                },
                () -> {
                    T result = routed.forward(command, execution, true);
                    transaction.rollback();
                    return result;
                });
    }

    /** In a transaction that has begun; a node that was asked and did not lead has executed nothing. */
    private <T> T atLeader(Supplier<T> here, Supplier<T> there) {
        long deadline = System.nanoTime() + database.timeoutMillis() * 1_000_000L;
        while (!transaction.begin()) {
            try {
                return there.get();
            } catch (DbException e) {
                transaction.rollback();
                if (Patience.isOver() || !forwarding.shallAskAgain(e, deadline)) {
                    throw e;
                }
            }
        }
        return here.get();
    }

    private <T> T setSchema(RoutedCommand command, Execution<T> execution) {
        if (transaction.placeOfRead() == RoutedTransaction.Place.FORWARDED || forwarding.pinned()) {
            // Set here, it is told over there with the next statement.
            return knownHere(() ->
                    database.reads().read(levels.read(), levels.seen(), () -> routed.onLocal(command, execution)));
        }
        try {
            return read(command, execution);
        } catch (DbException e) {
            List<Token> tokens = command.tokens();
            if (e.getErrorCode() != ErrorCode.SCHEMA_NOT_FOUND_1
                    || !session.isInternal()
                    || !tokens.get(1).is("SCHEMA")) {
                throw e;
            }
            // The client's session has it since before it was dropped.
            session.local().lock();
            try {
                SynodEngineBridge.setCurrentSchema(
                        session.local(), tokens.get(2).text());
            } finally {
                session.local().unlock();
            }
            return execution.nothing();
        }
    }

    /** SET @name = expression: the value may be a row of the transaction's, or the next of a sequence. */
    private <T> T setVariable(RoutedCommand command, Execution<T> execution) {
        List<Token> tokens = command.tokens();
        String expression = command.sql()
                .substring(tokens.get(SessionVariables.expressionOf(tokens)).start());
        Value value;
        try {
            value = NamedStatements.evaluate(session, expression, command.getParameters())[0];
        } catch (DbException e) {
            throw ErrorSql.set(e, command.sql());
        }
        session.local().lock();
        try {
            session.local().setVariable(tokens.get(2).text(), value);
        } finally {
            session.local().unlock();
        }
        return execution.nothing();
    }

    /** It may have been created a moment ago. */
    private static boolean namesSchema(RoutedCommand command) {
        return command.tokens().stream()
                .limit(2)
                .anyMatch(t -> t.is("SCHEMA") || t.is("SCHEMA_SEARCH_PATH") || t.is("USE"));
    }

    private <T> T immediate(RoutedCommand command, Execution<T> execution) {
        String expression = command.sql().substring(command.tokens().get(2).start());
        String sql = NamedStatements.evaluate(session, expression, command.getParameters())[0].getString();
        if (sql == null) {
            throw DbException.getInvalidValueException("SQL command", null);
        }
        String told = session.otherBranches().names();
        CommandInterface inner;
        try {
            inner = session.prepareCommand(sql);
        } catch (DbException e) {
            boolean syntax =
                    e.getErrorCode() == ErrorCode.SYNTAX_ERROR_1 || e.getErrorCode() == ErrorCode.SYNTAX_ERROR_2;
            throw syntax ? ErrorSql.set(e, command.sql()) : e;
        }
        try {
            if (inner.isQuery()) {
                throw DbException.get(ErrorCode.SYNTAX_ERROR_2, sql, "<not a query>");
            }
            command.checkTold(told);
            return execution.on(inner);
        } catch (DbException e) {
            throw ErrorSql.replace(e, sql, command.sql());
        } finally {
            inner.close();
        }
    }
}
