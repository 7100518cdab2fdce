package io.synod.engine.snapshot;

import io.synod.engine.operations.Installation;
import io.synod.engine.operations.SynodCommand;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/**
 * A node that says when it has come to the step of an installation at which it was told to stand still, and stands still
 * there until it is killed. In everything else it is {@link SynodCommand}.
 */
public final class HeldNode {
    private HeldNode() {}

    static Installation installation() {
        List<String> command = new ArrayList<>(Installation.running().command());
        command.set(command.size() - 1, HeldNode.class.getName());
        return new Installation(command).with(List.of("-Dorg.slf4j.simpleLogger.log.io.synod.engine.snapshot=info"));
    }

    /** What the next start of the node with this directory does; {@code null} for nothing special. */
    static void holdAt(Path directory, FaultPoint point) throws IOException {
        if (point == null) {
            Files.deleteIfExists(order(directory));
        } else {
            Files.writeString(order(directory), point.name());
        }
    }

    private static Path order(Path directory) {
        return directory.resolveSibling(directory.getFileName() + ".hold");
    }

    static String line(FaultPoint point) {
        return "stands still at " + point;
    }

    public static void main(String[] args) throws IOException {
        Path order = order(Path.of(args[List.of(args).indexOf("--dir") + 1]));
        if (Files.exists(order)) {
            FaultPoint held = FaultPoint.valueOf(Files.readString(order));
            FaultPoint.hook = reached -> {
                if (reached == held) {
                    System.out.println(line(held));
                    while (true) {
                        LockSupport.park();
                    }
                }
            };
        }
        SynodCommand.main(args);
    }
}
