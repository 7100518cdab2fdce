package io.synod.engine.federation;

import java.util.List;

/** What was found out about a text, shared by all who execute it. */
sealed interface FederatedStatement permits FederatedQuery, FederatedUpdate {
    /**
     * What H2 says of a text, had it all tables in one database.
     *
     * @param columns of its result, none for a change of rows
     * @param parameters their types
     * @param commandType H2's number of its kind
     */
    record Description(List<ResultColumn> columns, List<FederatedParameter.Description> parameters, int commandType) {}

    /** @return {@code null} if one database executes all of it, and describes it as well */
    Description description();

    /** @return which database runs what, in lines */
    String explain();

    /** Whether its tables have about as many rows as they had when it was planned. */
    boolean fits(Databases databases);
}
