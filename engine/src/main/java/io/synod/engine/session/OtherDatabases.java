package io.synod.engine.session;

import io.synod.branch.BranchState;
import io.synod.engine.database.BranchVotes;
import io.synod.engine.database.CommitId;
import io.synod.engine.database.CutSnapshot;
import io.synod.engine.database.Errors;
import io.synod.engine.federation.Branch;
import io.synod.engine.federation.Databases;
import io.synod.engine.federation.FederatedCommand;
import io.synod.engine.federation.ShippingLimits;
import io.synod.engine.federation.TablesOfLeader;
import io.synod.engine.session.SqlText.Kind;
import io.synod.engine.session.SqlText.Token;
import io.synod.engine.session.StatementRouter.Decision;
import io.synod.engine.session.StatementRouter.Route;
import io.synod.engine.writeset.AppliedState;
import io.synod.replica.Patience;
import java.io.StringReader;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.h2.api.ErrorCode;
import org.h2.engine.IsolationLevel;
import org.h2.engine.Session;
import org.h2.engine.SessionLocal;
import org.h2.message.DbException;
import org.h2.table.Table;

/**
 * What a session's statements may name of other databases than its own, and what they see of them. Under the session's lock.
 * Where they are executed: see {@link OtherBranches}.
 */
final class OtherDatabases implements Databases {
    private static final Set<String> DATA_DEFINITION =
            Set.of("CREATE", "ALTER", "DROP", "TRUNCATE", "COMMENT", "GRANT", "REVOKE", "ANALYZE", "SET", "REFRESH");

    private final RoutedSession session;
    private final Neighbours neighbours;
    private final OtherBranches branches;
    private final IdleCommands<FederatedCommand> idle = new IdleCommands<>();
    private final KeysElsewhere keys;

    /** Of the last statement; {@code null} for none. */
    private ConsistentCut cut;

    /** For the statement that is prepared or executed; {@code null} until it is asked for. */
    private TablesOfLeader tables;

    OtherDatabases(RoutedSession session, Neighbours neighbours, OtherBranches branches) {
        this.session = session;
        this.neighbours = neighbours;
        this.branches = branches;
        this.keys = new KeysElsewhere(session);
    }

    // ---- statements -----------------------------------------------------------------------------------------------

    /** What changes the members of all of them. */
    MemberCommands members() {
        return neighbours.members();
    }

    /** What looks for damage in the files of all of them. */
    ScrubCommands scrub() {
        return neighbours.scrub();
    }

    /** Whether the text has a name of three parts that begins with another database of this node. */
    boolean areNamed(List<Token> tokens) {
        for (int i = 0; i + 4 < tokens.size(); i++) {
            if (isDatabaseAt(tokens, i) && isOther(tokens.get(i).text())) {
                return true;
            }
        }
        return false;
    }

    /** Whether a name of three parts, or more, begins there. */
    private static boolean isDatabaseAt(List<Token> tokens, int i) {
        return isName(tokens.get(i))
                && tokens.get(i + 1).is(".")
                && isName(tokens.get(i + 2))
                && tokens.get(i + 3).is(".")
                && (i == 0 || !tokens.get(i - 1).is("."));
    }

    private static boolean isName(Token token) {
        return token.kind() == Kind.WORD || token.kind() == Kind.QUOTED;
    }

    private boolean isOther(String name) {
        return !name.equals(ownName()) && neighbours.find(name) != null;
    }

    private String ownName() {
        return session.database().name().toUpperCase(Locale.ROOT);
    }

    /** A statement that names another database. */
    RoutedCommand prepare(String sql, List<Token> tokens) {
        List<String> parts = SqlText.areSeveral(tokens) ? StatementList.split(new StringReader(sql)) : List.of();
        if (parts.size() > 1) {
            return RoutedCommand.list(session, sql, tokens, session.prepareCommand(parts.get(0)));
        }
        String first = tokens.get(0).text();
        if (DATA_DEFINITION.contains(first) && !SqlText.startsWith(tokens, "SET", "@")) {
            throw Errors.refused(
                    first + " with the name of another database",
                    "definitions belong to one database's log",
                    "run it on a connection to that database");
        }
        branches.tellVariables(SessionVariables.namedIn(tokens));
        try {
            enter();
            return RoutedCommand.across(session, sql, tokens, command(sql));
        } finally {
            branches.takeVariables();
        }
    }

    private FederatedCommand command(String sql) {
        FederatedCommand command = idle.take(sql);
        if (command == null) {
            return neighbours.federation().command(sql, this, ShippingLimits.DEFAULT);
        }
        try {
            command.prepareAgain();
        } catch (DbException e) {
            command.close();
            throw e;
        }
        return command;
    }

    /** As in one database: what it names may have been created elsewhere a moment ago. */
    @Override
    public boolean catchUp(String sql, DbException failure) {
        int code = failure.getErrorCode();
        if (Errors.isRetry(failure)
                || code == ErrorCode.LOCK_TIMEOUT_1
                || code == ErrorCode.STATEMENT_WAS_CANCELED
                || Patience.isOver()) {
            return false;
        }
        Set<RoutedSession> named = new LinkedHashSet<>(Set.of(session));
        List<Token> tokens = SqlText.tokens(sql);
        for (int i = 0; i + 4 < tokens.size(); i++) {
            RoutedSession branch =
                    isDatabaseAt(tokens, i) ? branches.find(tokens.get(i).text()) : null;
            if (branch != null) {
                named.add(branch);
            }
        }
        boolean waited = false;
        for (RoutedSession each : named) {
            waited |= each.compiler().catchUp();
        }
        return waited;
    }

    /**
     * Nobody uses it now.
     *
     * @param again whether it may be kept for the next one with this text
     */
    void giveBack(String sql, FederatedCommand command, boolean again) {
        if (again && !session.isClosed() && sql.length() <= KnownTexts.LONGEST) {
            command.forgetCancel();
            idle.add(sql, command);
        } else {
            command.close();
        }
    }

    /**
     * A name that this database does not know may be that of another one, which nobody has opened yet.
     *
     * @return whether it is
     * @throws DbException 90013 with the names of those that there are, where it begins a name of three parts, or with the nodes
     *     that have it
     */
    boolean isOpened(DbException e, List<Token> tokens) {
        boolean unknown =
                e.getErrorCode() == ErrorCode.SCHEMA_NOT_FOUND_1 || e.getErrorCode() == ErrorCode.DATABASE_NOT_FOUND_1;
        boolean definition = DATA_DEFINITION.contains(tokens.get(0).text()) && !SqlText.startsWith(tokens, "SET", "@");
        if (!unknown || definition) {
            return false;
        }
        for (int i = 0; i + 4 < tokens.size(); i++) {
            String name = tokens.get(i).text();
            if (isDatabaseAt(tokens, i) && !name.equals(ownName()) && !hasSchema(name)) {
                if (neighbours.open(name)) {
                    return true;
                }
                checkNotElsewhere(name);
                if (neighbours.names().size() > 1) {
                    throw Errors.unknownDatabase(name, neighbours.names());
                }
            }
        }
        return false;
    }

    /** @throws DbException 90013 with the nodes that have it */
    private void checkNotElsewhere(String name) {
        List<String> nodes = neighbours.nodesWith(name);
        if (!nodes.isEmpty()) {
            throw Errors.notHostedHere(name, nodes, neighbours.names());
        }
    }

    private boolean hasSchema(String name) {
        return session.local().getDatabase().findSchema(name) != null;
    }

    // ---- their sessions -------------------------------------------------------------------------------------------

    @Override
    public Branch own() {
        return new Part(ownName(), session, null);
    }

    @Override
    public Branch find(String name) {
        if (name.equals(ownName())) {
            return own();
        }
        RoutedSession branch = branches.find(name);
        if (branch == null && neighbours.open(name)) {
            branch = branches.find(name);
        }
        if (branch == null) {
            checkNotElsewhere(name);
            return null;
        }
        return new Part(name, branch, null);
    }

    @Override
    public Collection<String> names() {
        return neighbours.names();
    }

    @Override
    public Table temporary(String name) {
        if (!session.forwarding().pinned()) {
            return session.local().findLocalTempTable(name);
        }
        if (tables == null) {
            tables = session.execution().reading(() -> TablesOfLeader.of(session.local(), session));
        }
        return tables.find(name);
    }

    private void forgetTables() {
        if (tables != null) {
            tables.close();
            tables = null;
        }
    }

    /**
     * Whether a commit that this session's client has made through another node is known in one of them, where it will never
     * be otherwise.
     *
     * @param databases with commas between
     */
    boolean resolve(CommitId id, String databases) {
        for (String name : databases.split(",")) {
            RoutedSession there = name.equals(ownName()) ? session : branches.find(name);
            if (there == null && neighbours.open(name)) {
                there = branches.find(name);
            }
            if (there == null) {
                throw Errors.unknownOutcome(
                        "this node does not host database " + name + ", in which the commit may be");
            }
            if (there.forwarding().resolve(id)) {
                // So it is in all of them, and some may have nobody to ask.
                return true;
            }
        }
        return false;
    }

    /**
     * Has a transaction of several databases, which this one takes part in, ended now.
     *
     * @return whether it is committed; {@code null} where that is not decided in time, or nothing is known of it
     */
    Boolean terminate(String gid) {
        for (BranchVotes.Global global : session.database().votes().list()) {
            if (global.gid().equals(gid) && !global.standing().state().isDecided()) {
                long nanos = TimeUnit.MILLISECONDS.toNanos(session.database().timeoutMillis());
                return neighbours.commits().end(global.branch(), nanos);
            } else if (global.gid().equals(gid)) {
                return global.standing().state() == BranchState.COMMITTED;
            }
        }
        AppliedState.Decision before = session.database().branches().decision(gid);
        return before == null ? null : Boolean.valueOf(before.committed());
    }

    /** @param session {@code null} for the routed one */
    private record Part(String database, RoutedSession routed, SessionLocal snapshot) implements Branch {
        @Override
        public SessionLocal catalogue() {
            return routed.local();
        }

        @Override
        public Session session() {
            return snapshot == null ? routed : snapshot;
        }
    }

    /**
     * A statement that names them is about to be executed.
     *
     * @param variables of this session that it names
     */
    void begin(Collection<String> variables) {
        branches.tellVariables(variables);
        enter();
        branches.begin();
    }

    /** Where the last key was drawn. */
    KeysElsewhere keys() {
        return keys;
    }

    /** That statement has succeeded. */
    void executed(List<Token> tokens) {
        int target = KeysElsewhere.target(tokens);
        if (target >= 0) {
            boolean there = target + 4 < tokens.size()
                    && isDatabaseAt(tokens, target)
                    && isOther(tokens.get(target).text());
            RoutedSession branch = there ? branches.found(tokens.get(target).text()) : null;
            keys.executed(tokens, branch);
        }
    }

    /** Before each statement: they are in the state of this session. */
    void enter() {
        closeCut();
        forgetTables();
        branches.adjust();
    }

    /** After it: its result is in memory, its LOBs may be read until the next one. */
    void left() {
        branches.takeVariables();
        branches.rest();
        if (cut != null) {
            cut.release();
        }
    }

    private void closeCut() {
        if (cut != null) {
            cut.close();
            cut = null;
        }
    }

    /**
     * Those that the transaction has written, or reads as of its own moment, are as it sees them; the others are as of one
     * moment.
     */
    @Override
    public Databases asOfOneMoment(Collection<String> names) {
        Map<String, RoutedSession> unbound = new LinkedHashMap<>();
        for (String name : names) {
            find(name);
            RoutedSession routed = name.equals(ownName()) ? session : branches.found(name);
            boolean ownMoment = session.local().getIsolationLevel().compareTo(IsolationLevel.READ_COMMITTED) > 0
                    && !session.transaction().isAutoCommit();
            if (!routed.transaction().hasWritten() && !ownMoment) {
                unbound.put(name, routed);
            }
        }
        closeCut();
        cut = new ConsistentCut(unbound)
                .take(TimeUnit.MILLISECONDS.toNanos(session.database().timeoutMillis()));
        return new Databases() {
            @Override
            public Branch own() {
                return asOfCut(OtherDatabases.this.own());
            }

            @Override
            public Branch session() {
                return OtherDatabases.this.own();
            }

            @Override
            public Branch find(String name) {
                return asOfCut(OtherDatabases.this.find(name));
            }

            @Override
            public Branch live(String name) {
                return OtherDatabases.this.find(name);
            }

            @Override
            public Table temporary(String name) {
                return OtherDatabases.this.temporary(name);
            }

            @Override
            public Collection<String> names() {
                return OtherDatabases.this.names();
            }
        };
    }

    private Branch asOfCut(Branch branch) {
        CutSnapshot snapshot = branch == null ? null : cut.find(branch.database());
        return snapshot == null ? branch : new Part(branch.database(), ((Part) branch).routed(), snapshot.session());
    }

    void close() {
        closeCut();
        forgetTables();
        idle.clear();
        branches.close();
    }

    /** The decision on any statement that names them. */
    static Decision decision() {
        return Decision.of(Route.ACROSS);
    }
}
