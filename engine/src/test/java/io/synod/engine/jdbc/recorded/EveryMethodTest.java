package io.synod.engine.jdbc.recorded;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.reflect.Modifier;
import java.sql.SQLException;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import javax.sql.ConnectionPoolDataSource;
import javax.sql.DataSource;
import javax.sql.PooledConnection;
import org.junit.jupiter.api.Test;

/** The programs that are compared with stock H2 leave no method of JDBC out without a reason. */
@org.junit.jupiter.api.Timeout(60)
class EveryMethodTest {
    /** What is not compared, and why. */
    private static final Map<String, String> NOT_COMPARED = Map.ofEntries(
            Map.entry("Connection.abort(Executor)", "H2 ignores it; Synod closes: ConnectionEndsTest"),
            Map.entry("DatabaseMetaData.getURL()", "is the driver's own: JdbcContract"),
            Map.entry("DatabaseMetaData.getDriverName()", "is the driver's own: JdbcContract"),
            Map.entry("DatabaseMetaData.getDriverVersion()", "is the driver's own: JdbcContract"),
            Map.entry("DatabaseMetaData.getDriverMajorVersion()", "is the driver's own: JdbcContract"),
            Map.entry("DatabaseMetaData.getDriverMinorVersion()", "is the driver's own: JdbcContract"));

    private static final Set<Class<?>> DATA_SOURCES =
            Set.of(java.sql.Driver.class, DataSource.class, ConnectionPoolDataSource.class, PooledConnection.class);

    @Test
    void every_method_is_compared_with_stock_h2_or_has_a_named_reason() throws SQLException {
        Set<String> called = new TreeSet<>();
        Set<String> stopped = new TreeSet<>();
        int number = 0;
        for (Program program : Program.all()) {
            Recording recording = program.on("jdbc:h2:mem:every" + ++number);
            called.addAll(recording.called());
            recording.lines().stream()
                    .filter(line -> line.contains(Program.STOPPED))
                    .forEach(line -> stopped.add(program + " " + line));
        }
        assertEquals(Set.of(), stopped, "programs that did not come to their ends");
        Set<String> missing = new TreeSet<>();
        for (Class<?> type : Recorder.RECORDED) {
            if (!DATA_SOURCES.contains(type)) {
                Stream.of(type.getMethods())
                        .filter(m -> !Modifier.isStatic(m.getModifiers()))
                        .map(m -> Recorder.key(type, m))
                        .forEach(missing::add);
            }
        }
        missing.removeAll(called);
        assertEquals(new TreeSet<>(NOT_COMPARED.keySet()), missing);
    }
}
