package io.synod.clients;

import java.io.File;
import java.io.IOException;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Stream;

/** A class loader that sees nothing of this test's class path but what is named. */
final class Isolated implements AutoCloseable {
    private final URLClassLoader loader;

    private Isolated(URLClassLoader loader) {
        this.loader = loader;
    }

    /**
     * @param parts of the names of the entries of the class path that it has; the driver's and H2's always
     * @param directories whose jars it has
     */
    static Isolated of(List<String> parts, String... directories) throws IOException {
        List<URL> urls = new ArrayList<>();
        for (String entry : classPath()) {
            String name = entry.replace('\\', '/');
            if (name.contains("/driver/target/")
                    || name.contains("/com/h2database/")
                    || parts.stream().anyMatch(name::contains)) {
                urls.add(url(Path.of(entry)));
            }
        }
        for (String directory : directories) {
            try (Stream<Path> jars = Files.list(Path.of("target", directory))) {
                for (Path jar : jars.toList()) {
                    urls.add(url(jar));
                }
            }
        }
        return new Isolated(new URLClassLoader(urls.toArray(new URL[0]), ClassLoader.getPlatformClassLoader()));
    }

    /** Surefire starts its JVM with a jar that only names the class path, and tells it by a property. */
    private static List<String> classPath() {
        String path = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
        return Arrays.asList(path.split(File.pathSeparator));
    }

    private static URL url(Path path) throws MalformedURLException {
        return path.toUri().toURL();
    }

    Class<?> load(String name) throws ClassNotFoundException {
        return Class.forName(name, true, loader);
    }

    /** Runs with it as the thread's context class loader, which is where libraries look for services. */
    <T> T run(Callable<T> work) throws Exception {
        Thread thread = Thread.currentThread();
        ClassLoader before = thread.getContextClassLoader();
        thread.setContextClassLoader(loader);
        try {
            return work.call();
        } finally {
            thread.setContextClassLoader(before);
        }
    }

    @Override
    public void close() throws IOException {
        loader.close();
    }
}
