package io.synod.log;

import java.util.List;
import net.openhft.chronicle.core.Jvm;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes Chronicle usable in this JVM: opened packages, no banner, no usage data, its errors in our log. Everything here is
 * global to the JVM and happens once.
 */
final class ChronicleRuntime {
    private static final Logger LOG = LoggerFactory.getLogger("io.synod.log.chronicle");

    static {
        ClassLoader loader = ChronicleRuntime.class.getClassLoader();
        Opens.to(List.of(ChronicleRuntime.class.getModule(), moduleOf("net.openhft.chronicle.core.Jvm", loader)));
        for (String quiet : List.of(
                "chronicle.analytics.disable",
                "chronicle.announcer.disable",
                "chronicle.disk.monitor.disable",
                "disable.resource.warning")) {
            if (System.getProperty(quiet) == null) {
                System.setProperty(quiet, "true");
            }
        }
        // Chronicle looks classes up through the context class loader, which a bare thread may lack.
        Thread thread = Thread.currentThread();
        ClassLoader before = thread.getContextClassLoader();
        thread.setContextClassLoader(loader);
        try {
            Handlers.install();
        } finally {
            thread.setContextClassLoader(before);
        }
    }

    private ChronicleRuntime() {}

    /** Call before any other use of Chronicle; returns when it is ready. */
    static void ready() {}

    private static Module moduleOf(String className, ClassLoader loader) {
        try {
            return Class.forName(className, false, loader).getModule();
        } catch (ClassNotFoundException e) {
            throw new IllegalStateException(
                    "chronicle-queue is not on the class path: " + className + " is missing", e);
        }
    }

    /** Apart, so that verifying the outer class does not initialise Chronicle before the packages are open. */
    private static final class Handlers {
        static void install() {
            // Failed syncs and renamed segments are only told here, never thrown.
            Jvm.setExceptionHandlers(
                    (logger, message, cause) -> LOG.error("{}", message, cause),
                    (logger, message, cause) -> LOG.warn("{}", message, cause),
                    null,
                    null);
        }
    }
}
