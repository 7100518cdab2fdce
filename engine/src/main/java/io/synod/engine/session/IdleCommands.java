package io.synod.engine.session;

import java.util.LinkedHashMap;
import java.util.Map;
import org.h2.command.CommandInterface;
import org.h2.expression.ParameterInterface;

/**
 * Statements that are prepared, on the leader or for other databases, and not used at the moment, so that the next one with
 * the same text need not be: on the leader that is a round trip for each. The least recently used go first. What they mean is
 * found anew after each change of the catalogue, as it is for a statement that an application keeps.
 */
final class IdleCommands<C extends CommandInterface> {
    /** Some of H2's {@code SERVER_CACHED_OBJECTS}: results have their place among these, too. */
    static final int MOST = 32;

    private final Map<String, C> bySql = new LinkedHashMap<>();

    /** @return {@code null} for none */
    C take(String sql) {
        return bySql.remove(sql);
    }

    void add(String sql, C command) {
        // Neither kept in memory, nor taken for the next one's.
        for (ParameterInterface parameter : command.getParameters()) {
            parameter.setValue(null, true);
        }
        close(bySql.put(sql, command));
        if (bySql.size() > MOST) {
            String oldest = bySql.keySet().iterator().next();
            close(bySql.remove(oldest));
        }
    }

    void clear() {
        bySql.values().forEach(CommandInterface::close);
        bySql.clear();
    }

    private static void close(CommandInterface command) {
        if (command != null) {
            command.close();
        }
    }
}
