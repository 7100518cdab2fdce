/**
 * Sessions that decide where a statement runs. Entry points: {@link io.synod.engine.session.Sessions} to open one, {@link
 * io.synod.engine.session.SynodSession} for front ends.
 *
 * <p>The classes, by what they are about:
 *
 * <ul>
 *   <li>the session: {@code RoutedSession}, its {@code RoutedTransaction} ({@code Placement}, {@code TransactionLoss}) and what it remembers ({@code Levels}, {@code
 *       LastCommit}, {@code CommitIds}, {@code SessionState}, {@code SessionActivity}, {@code SessionOptions}); {@code
 *       LocalView} is what H2 here answers for it
 *   <li>a statement, in this order: {@code StatementCompiler}, which makes a {@code RoutedCommand} of its text ({@code KnownTexts});
 *       {@code StatementRouter}, which says what it is ({@code StatementKinds}, {@code WritingQueries}, {@code WritingViews}, {@code
 *       LeadersAnswer}, {@code SessionVariables}); {@code StatementDispatch}, which knows what is to be done for it, and {@code
 *       RoutedExecution}, which runs it where the transaction is ({@code Execution}, {@code LeaderExecution}); several in one text:
 *       {@code StatementList}, {@code Script} ({@code StatementGroup}); named ones: {@code NamedStatements}
 *   <li>the session's other half on the leader: {@code Forwarding}, {@code ForwardedSession}, {@code LeaderLink}, {@code
 *       IdleCommands}, {@code Repetition}; its results: {@code ForwardedRows}, {@code KeptRows}, {@code Lobs}, {@code LeadersLob}
 *   <li>what changes the catalogue: {@code DdlRunner} on {@code DdlTables}, in steps ({@code DdlRewriter}, {@code DdlPlan},
 *       {@code CreateTableAs}, {@code ColumnFill}, {@code FewRows}, {@code FullTextChange}); what must not reach the log: {@code
 *       UnequalValues}, {@code Passwords}, {@code Prerequisites}, {@code LinkedTables}, {@code SessionTables}
 *   <li>texts: {@code SqlText}, {@code Literals}, {@code ReadHint}, {@code ErrorSql}, {@code SettingKinds}, {@code FullTextCalls}
 *   <li>several databases: {@code OtherDatabases}, what a statement may name of them and sees ({@code Neighbours}, {@code
 *       ConsistentCut}, {@code KeysElsewhere}); {@code OtherBranches}, the transaction's branches there, which end with it ({@code GlobalCommit}, {@code
 *       SpanningTransaction})
 *   <li>prepared branches: {@code BranchCommands}, {@code BranchPreparation}, {@code InDoubtTable}
 *   <li>the schema SYNOD: {@code SystemSchema}, {@code SystemTable}, {@code SystemView}, {@code SystemCalls}, {@code SpaceCalls},
 *       {@code ClientAddress}
 * </ul>
 *
 * <p>Statements that only Synod knows (arguments are literals; H2's parser takes none of them):
 *
 * <pre>
 * SET READ LINEARIZABLE|BOUNDED|SESSION|LOCAL  how recent the reads of this session are
 * SET MAX_STALENESS millis                how old at BOUNDED
 * SET READ ONLY TRUE|FALSE                a hint: transactions above READ COMMITTED may begin on a follower
 * SET COMMIT QUORUM|ALL|LOCAL             when the commits of this session are answered
 * CALL SYNOD.LAST_KEY([key])              LAST_KEY: what the session has drawn last, and as if it had drawn this one, or none
 * CALL SYNOD.LEADER()                     NODE, SQL_ADDRESS, THIS_NODE: where the leader serves SQL; no row where none is known
 * CALL SYNOD.WARNINGS()                   SQLSTATE, MESSAGE: what came up beside the results since the last call
 * CALL SYNOD.STATUS()                     a row per member: DATABASE_NAME, THIS_NODE, NODE, ADDRESS, ROLE, EPOCH,
 *                                         DURABLE_INDEX, COMMIT_INDEX, APPLIED_INDEX, LAG_ENTRIES, LAG_MILLIS,
 *                                         LEASE_LEFT_MILLIS, LOG_BYTES, REACHABLE
 * CALL SYNOD.RESOLVE('uuid', n)           COMMITTED: whether request n of that client session committed; when FALSE, it
 *                                         never will
 * CALL SYNOD.TRANSFER(['node'])           TRANSFERRED: the leader has handed over, to that node
 * CALL SYNOD.MEMBER_ADD('node@host:port') DATABASE_NAME, NODE, MEMBERSHIP: the node is a learner in this node's databases
 * CALL SYNOD.MEMBER_ADD('node@host:port', 'WITNESS') the same: it is a witness
 * CALL SYNOD.MEMBER_PROMOTE('node')       the same: it votes
 * CALL SYNOD.MEMBER_DEMOTE('node')        the same: it is a learner again
 * CALL SYNOD.MEMBER_ADDRESS('node@host:port') the same: its peers find it there
 * CALL SYNOD.MEMBER_REMOVE('node')        the same: it is no member any more
 * CALL SYNOD.DIGEST_START()               LOG_INDEX: where every member takes a digest of the database
 * CALL SYNOD.DIGEST(index)                KIND, NAME, CHECKSUM: this member's digest; waits until it is applied
 * CALL SYNOD.SPACE()                      NODE, FILE_BYTES, FILL_PERCENT, CHECKPOINT_INDEX, SNAPSHOT_INDEX, REBUILT: of this node
 * CALL SYNOD.SCRUB()                      NODE, FILE_NAME, BYTES, DAMAGE, DONE: a row for the log of this node and for each file, read now
 * CALL SYNOD.RECLAIM()                    NODE, BYTES_BEFORE, BYTES_AFTER, PAUSE_MILLIS: this node gives back space of its file
 * CALL SYNOD.REQUEST('uuid', n)           names the commit of the next statement (between nodes)
 * CALL SYNOD.COMMIT('uuid', n)            commits the transaction under that name (between nodes): COMMIT_INDEX, SETTLED,
 *                                         WARNING
 * CALL SYNOD.PREPARE('name')              PREPARE COMMIT that tells whether there is anything to decide: PREPARED
 * CALL SYNOD.CAN_COMMIT('hex')             prepares the transaction as a branch of several databases (between nodes): PREPARED
 * CALL SYNOD.DECISION('name')             DECISION: COMMITTED or ROLLED BACK, how the last prepared transaction of this name
 *                                         ended; NULL where there was none, or so long ago that it is forgotten
 * CALL SYNOD.TERMINATE('name')            DECISION: has a transaction of several databases ended now, by their protocol, without
 *                                         a wish for how: COMMITTED or ROLLED BACK; NULL where that is not decided in time, or
 *                                         nothing is known of it; administrators only
 * CALL SYNOD.SETTLE()                     waits for a commit that was answered at LOCAL (between nodes): COMMIT_INDEX
 * </pre>
 */
package io.synod.engine.session;
