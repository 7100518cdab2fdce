package io.synod.log;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.Field;
import java.util.List;

/**
 * Opens the packages of {@code java.base} that Chronicle's memory mapping needs, from code, so that nobody has to start
 * his JVM with {@code --add-opens}. Must have run before the first Chronicle class is initialised.
 *
 * <p>{@code java.lang.reflect} and {@code sun.nio.ch} are necessary (with the first alone Chronicle silently becomes
 * read-only); {@code jdk.internal.ref} avoids a warning on {@code java.util.logging}.
 */
final class Opens {
    private static final List<String> PACKAGES = List.of("java.lang.reflect", "sun.nio.ch", "jdk.internal.ref");

    private Opens() {}

    /** @throws IllegalStateException when this JDK refuses; the message names the flags that do the same */
    static void to(List<Module> modules) {
        try {
            open(modules);
        } catch (Throwable e) {
            throw new IllegalStateException(
                    "Java " + Runtime.version()
                            + " does not let the log open the packages that memory-mapped files need; start the JVM with"
                            + " --add-opens java.base/java.lang.reflect=ALL-UNNAMED --add-opens"
                            + " java.base/sun.nio.ch=ALL-UNNAMED",
                    e);
        }
    }

    private static void open(List<Module> modules) throws Throwable {
        Module base = Object.class.getModule();
        if (modules.stream().allMatch(m -> base.isOpen("java.lang.reflect", m) && base.isOpen("sun.nio.ch", m))) {
            return;
        }
        // By name only: the class itself is "internal proprietary API" to the compiler, a warning that nothing
        // silences.
        Class<?> unsafeClass = Class.forName("sun.misc.Unsafe");
        silenceWarning(unsafeClass);
        Field theUnsafe = unsafeClass.getDeclaredField("theUnsafe");
        theUnsafe.setAccessible(true);
        Object unsafe = theUnsafe.get(null);
        Field trusted = MethodHandles.Lookup.class.getDeclaredField("IMPL_LOOKUP");
        Object holder = unsafeClass.getMethod("staticFieldBase", Field.class).invoke(unsafe, trusted);
        Object offset = unsafeClass.getMethod("staticFieldOffset", Field.class).invoke(unsafe, trusted);
        MethodHandles.Lookup lookup = (MethodHandles.Lookup)
                unsafeClass.getMethod("getObject", Object.class, long.class).invoke(unsafe, holder, offset);
        MethodHandle addOpens = lookup.findVirtual(
                Module.class, "implAddOpens", MethodType.methodType(void.class, String.class, Module.class));
        for (String name : PACKAGES) {
            if (base.getPackages().contains(name)) {
                for (Module module : modules) {
                    addOpens.invoke(base, name, module);
                }
            }
        }
    }

    /** JEP 498: from 24 on the first use of these methods prints a warning, unless it counts as printed. */
    private static void silenceWarning(Class<?> unsafeClass) {
        if (Runtime.version().feature() < 24) {
            return;
        }
        try {
            var warned = unsafeClass.getDeclaredMethod("trySetMemoryAccessWarned");
            warned.setAccessible(true);
            warned.invoke(null);
        } catch (ReflectiveOperationException e) {
            org.slf4j.LoggerFactory.getLogger(Opens.class)
                    .debug("the JVM will print a warning about memory access; it is harmless", e);
        }
    }
}
