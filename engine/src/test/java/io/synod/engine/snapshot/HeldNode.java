package io.synod.engine.snapshot;

import io.synod.engine.operations.Installation;
import io.synod.engine.operations.SynodCommand;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/**
 * A node that says when it has come to the step of a snapshot at which it was told to stand still, and stands still there until it is
 * killed, or told otherwise. In everything else it is {@link SynodCommand}.
 */
public final class HeldNode {
    private static final long LOOK_NANOS = 10_000_000;

    private HeldNode() {}

    static Installation installation() {
        return installation(Installation.running())
                .with(List.of("-Dorg.slf4j.simpleLogger.log.io.synod.engine.snapshot=info"));
    }

    /** Runs what the other one runs, as such a node. */
    public static Installation installation(Installation other) {
        List<String> command = new ArrayList<>(other.command());
        command.set(command.size() - 1, HeldNode.class.getName());
        return new Installation(List.copyOf(command));
    }

    /** What the node with this directory does when it comes there next; {@code null} for nothing special. */
    static void holdAt(Path directory, FaultPoint point) throws IOException {
        if (point == null) {
            Files.deleteIfExists(order(directory));
        } else {
            // In one step: the node may look at any time.
            Path written = order(directory).resolveSibling(order(directory).getFileName() + ".new");
            Files.writeString(written, point.name());
            Files.move(written, order(directory), StandardCopyOption.ATOMIC_MOVE);
        }
    }

    /** The same by the point's name. */
    public static void holdAt(Path directory, String point) throws IOException {
        holdAt(directory, FaultPoint.valueOf(point));
    }

    /** The node goes on, and stands still nowhere. */
    public static void release(Path directory) throws IOException {
        holdAt(directory, (FaultPoint) null);
    }

    private static Path order(Path directory) {
        return directory.resolveSibling(directory.getFileName() + ".hold");
    }

    static String line(FaultPoint point) {
        return line(point.name());
    }

    /** What it prints then. */
    public static String line(String point) {
        return "stands still at " + point;
    }

    public static void main(String[] args) {
        Path order = order(Path.of(args[List.of(args).indexOf("--dir") + 1]));
        FaultPoint.hook = reached -> {
            if (isHeldAt(reached, order)) {
                System.out.println(line(reached));
                while (isHeldAt(reached, order)) {
                    LockSupport.parkNanos(LOOK_NANOS);
                }
            }
        };
        SynodCommand.main(args);
    }

    private static boolean isHeldAt(FaultPoint reached, Path order) {
        try {
            return Files.readString(order).equals(reached.name());
        } catch (NoSuchFileException e) {
            return false;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
