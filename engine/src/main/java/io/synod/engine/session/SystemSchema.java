package io.synod.engine.session;

import io.synod.engine.database.HostedDatabase;
import io.synod.group.Invariant;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import org.h2.engine.Database;
import org.h2.engine.SessionLocal;
import org.h2.engine.SynodEngineBridge;
import org.h2.schema.MetaSchema;
import org.h2.table.Table;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The schema SYNOD of this node. H2 finds it by its name and in no other way: it is in no catalogue, no list of schemas, no
 * script, no digest and no metadata, so that nothing which compares or copies a database meets it. Thread-safe.
 */
final class SystemSchema {
    static final String NAME = "SYNOD";
    /** Below the ids of H2's own schemas and their tables: what has an id below zero is not written to the catalogue. */
    private static final int FIRST_ID = -100_000;

    private static final Logger LOG = LoggerFactory.getLogger(SystemSchema.class);

    private final HostedDatabase database;
    private final Map<String, String> nodeSettings;
    private final OpenSessions sessions;

    private SystemSchema(HostedDatabase database, Map<String, String> nodeSettings, OpenSessions sessions) {
        this.database = database;
        this.nodeSettings = nodeSettings;
        this.sessions = sessions;
    }

    /**
     * Makes the schema known to H2, unless the database has a schema of this name of its own. Before the log is there: H2's
     * list of schemas is exchanged, and one that an entry creates meanwhile would be lost.
     */
    static void install(HostedDatabase database, Map<String, String> nodeSettings, OpenSessions sessions) {
        Invariant.that(database.log() == null, "the schema SYNOD was to be made before the database has its log");
        SystemSchema schema = new SystemSchema(database, nodeSettings, sessions);
        database.storage().eachCopy(h2 -> install(h2, schema));
    }

    private static void install(Database h2, SystemSchema schema) {
        InDoubtTable.install(h2, SynodEngineBridge.createSession(h2, h2.getSystemUser()), schema.database);
        if (h2.findSchema(NAME) != null) {
            LOG.warn(
                    "database {} has a schema {} of its own, which hides the tables about the cluster: rename it",
                    schema.database.name(),
                    NAME);
            return;
        }
        SynodEngineBridge.hide(h2, new Tables(h2, schema));
    }

    /** Whether the database has this schema and not one of its own with this name. */
    static boolean isInstalled(Database h2) {
        return h2.findSchema(NAME) instanceof Tables;
    }

    HostedDatabase database() {
        return database;
    }

    Map<String, String> nodeSettings() {
        return nodeSettings;
    }

    Collection<RoutedSession> sessions() {
        return sessions.all();
    }

    RoutedSession sessionOf(SessionLocal local) {
        return sessions.of(local);
    }

    private static final class Tables extends MetaSchema {
        private final Map<String, Table> tables = new HashMap<>();

        Tables(Database h2, SystemSchema schema) {
            super(h2, FIRST_ID, h2.sysIdentifier(NAME), h2.getSystemUser());
            for (SystemView view : SystemView.values()) {
                tables.put(
                        h2.sysIdentifier(view.name()),
                        new SystemTable(this, FIRST_ID - 1 - view.ordinal(), view, schema));
            }
        }

        @Override
        protected Map<String, Table> getMap(SessionLocal session) {
            return tables;
        }
    }
}
