package io.synod.engine.federation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.InvocationTargetException;
import org.junit.jupiter.api.Test;

/** A query of one database needs no class of Calcite. */
class LazyCalciteTest {
    /** Defines this package's classes anew and finds none of Calcite's. */
    private static final class WithoutCalcite extends ClassLoader {
        WithoutCalcite(ClassLoader parent) {
            super(parent);
        }

        @Override
        protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
            if (name.startsWith("org.apache.calcite.")) {
                throw new ClassNotFoundException(name);
            }
            if (!name.startsWith("io.synod.engine.federation.")) {
                return super.loadClass(name, resolve);
            }
            synchronized (getClassLoadingLock(name)) {
                Class<?> known = findLoadedClass(name);
                if (known != null) {
                    return known;
                }
                try (InputStream in = getResourceAsStream(name.replace('.', '/') + ".class")) {
                    byte[] bytes = in.readAllBytes();
                    return defineClass(name, bytes, 0, bytes.length);
                } catch (IOException e) {
                    throw new ClassNotFoundException(name, e);
                }
            }
        }
    }

    /** What runs in that class loader. */
    public static final class Queries {
        private Queries() {}

        /** @return rows of a query */
        public static int run(String sql) {
            try (Twin twin = new Twin("DB1", "DB2")) {
                twin.make("DB1", "a", "CREATE TABLE a(id INT)", "INSERT INTO a VALUES (1), (2)");
                twin.make("DB2", "b", "CREATE TABLE b(id INT)", "INSERT INTO b VALUES (1), (3)");
                return twin.runFederated(sql).size() - 1;
            }
        }
    }

    private static Object run(String sql) throws Exception {
        return new WithoutCalcite(LazyCalciteTest.class.getClassLoader())
                .loadClass(Queries.class.getName())
                .getMethod("run", String.class)
                .invoke(null, sql);
    }

    @Test
    void one_database_needs_no_calcite() throws Exception {
        assertEquals(2, run("SELECT * FROM {a}"));
        assertEquals(2, run("SELECT * FROM {b}"));
    }

    @Test
    void two_databases_do() {
        Throwable e = assertThrows(InvocationTargetException.class, () -> run("SELECT * FROM {a}, {b}"));
        assertInstanceOf(NoClassDefFoundError.class, e.getCause());
    }
}
