package org.h2.schema;

import java.util.Map;
import org.h2.engine.Database;
import org.h2.engine.SessionLocal;
import org.h2.table.Table;

/** Opens a package-private door of H2's schemas to Synod. */
public final class SynodSchemaBridge {
    private SynodSchemaBridge() {}

    /**
     * Puts a table into INFORMATION_SCHEMA in the place of H2's of the same name. To be called before anybody else uses the
     * database.
     *
     * @param session sees the information schema that is meant
     * @throws IllegalStateException when there is none of this name
     */
    public static void replace(Database database, SessionLocal session, Table table) {
        MetaSchema schema = (MetaSchema) database.getSchema("INFORMATION_SCHEMA");
        Map<String, Table> tables = schema.getMap(session);
        if (tables.replace(table.getName(), table) == null) {
            throw new IllegalStateException("this version of H2 has no INFORMATION_SCHEMA." + table.getName());
        }
    }
}
