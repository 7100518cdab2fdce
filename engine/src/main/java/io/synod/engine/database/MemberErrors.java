package io.synod.engine.database;

import io.synod.group.Member;
import java.sql.SQLException;
import java.util.Locale;
import org.h2.api.ErrorCode;
import org.h2.message.DbException;

/** Errors about who belongs to a group: message, SQLState and H2 error code, as in {@link Errors}. */
public final class MemberErrors {
    private MemberErrors() {}

    /** 55000: a node with JOIN=TRUE that no member knows. */
    public static SQLException notAdded(String node, String address, long millis, String last) {
        return new SQLException(
                "node " + node + " is to join a cluster, and none of its PEERS has said within " + millis
                        + " ms that it is a member: call SYNOD.MEMBER_ADD('" + address
                        + "') on one that runs, then start this node again" + last,
                "55000",
                ErrorCode.GENERAL_ERROR_1);
    }

    /** 90096: a node with JOIN=TRUE that must not join. */
    public static SQLException mayNotJoin(String node, String why) {
        return new SQLException("node " + node + " cannot join: " + why, "90096", 90096);
    }

    /** 90113: a node that was no member when this one began, and that it has never met. */
    public static SQLException unknownPeer(String peer, String known) {
        return Errors.badSetting(
                "PEERS",
                peer,
                "those that this node began with (" + known
                        + "), or leave it out: a member that was added is in the log. To add one, call"
                        + " SYNOD.MEMBER_ADD('NAME@HOST:PORT') and start it with JOIN=TRUE");
    }

    /** 08001: this node is no member any more; drivers try the others. */
    public static DbException removed(String database, String node) {
        return Errors.wrap(new SQLException(
                "node " + node + " was removed from database " + database
                        + " and serves it no longer: connect to another node. Nothing was deleted here; once the others have all that is"
                        + " wanted, the directory can be. To come back, the node needs an empty directory and to be added"
                        + " again (SYNOD.MEMBER_ADD)",
                "08001",
                ErrorCode.DATABASE_IS_CLOSED));
    }

    /** 42710: a name or an address that cannot be a new member's. */
    public static DbException memberTaken(String member, String why) {
        return Errors.wrap(
                new SQLException("node " + member + " is refused: " + why, "42710", ErrorCode.GENERAL_ERROR_1));
    }

    /** 55000: the members are not changed, in the present state of the group. */
    public static DbException membersNotChanged(String change, String database, String why) {
        return Errors.wrap(new SQLException(
                change + " is not done in database " + database + ": " + why, "55000", ErrorCode.GENERAL_ERROR_1));
    }

    /** 55000: leadership is handed to a member that has no vote, or no copy of the database. */
    static DbException mayNotLead(String database, Member member) {
        String role = member.role().name().toLowerCase(Locale.ROOT);
        return Errors.wrap(new SQLException(
                "leadership of database " + database + " is not handed to node " + member.name() + ", which is a "
                        + role
                        + ": only a voter with a copy of the database can lead"
                        + (member.role() == Member.Role.LEARNER ? ", call SYNOD.MEMBER_PROMOTE first" : ""),
                "55000",
                ErrorCode.GENERAL_ERROR_1));
    }

    /** 55000: the leader has met an error. */
    public static DbException leaderFailed(String database, String leader, String why) {
        return Errors.wrap(new SQLException(
                "node " + leader + " has failed to change the members of database " + database + " (" + why
                        + "); whether it happened is not known: look at SYNOD.MEMBERS before you try again",
                "55000",
                ErrorCode.GENERAL_ERROR_1));
    }

    /** HYT00: another change of the members did not end in time. */
    public static DbException membersBusy(String change, String database, String why) {
        return Errors.wrap(new SQLException(
                change + " is not done in database " + database + ": " + why, "HYT00", ErrorCode.LOCK_TIMEOUT_1));
    }
}
