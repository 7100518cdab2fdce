package io.synod.engine.session;

import java.util.LinkedHashMap;
import java.util.Map;
import org.h2.command.CommandInterface;
import org.h2.expression.ParameterInterface;

/**
 * Statements that are prepared on the leader and not used at the moment, so that the next one with the same text need not
 * be prepared there: that is a round trip for each. The least recently used go first. What they mean is compiled anew over
 * there after each change of the catalogue, as it is for a statement that an application keeps.
 */
final class IdleCommands {
    /** Some of H2's {@code SERVER_CACHED_OBJECTS}: results have their place among these, too. */
    static final int MOST = 32;

    private final Map<String, CommandInterface> bySql = new LinkedHashMap<>();

    /** @return {@code null} for none */
    CommandInterface take(String sql) {
        return bySql.remove(sql);
    }

    void add(String sql, CommandInterface command) {
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
