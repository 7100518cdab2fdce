package io.synod.transport;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;

/** Keeps them in a text file of lines {@code name incarnation}, replaced as a whole and forced. */
final class FilePeerIdentities implements PeerIdentities {
    private final Path file;
    private final Map<String, UUID> seen = new LinkedHashMap<>();

    FilePeerIdentities(Path file) throws IOException {
        this.file = file;
        if (Files.exists(file)) {
            for (String line : Files.readAllLines(file)) {
                int space = line.lastIndexOf(' ');
                try {
                    seen.put(line.substring(0, space), UUID.fromString(line.substring(space + 1)));
                } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
                    throw new IOException(
                            "line '" + line + "' in " + file + ", expected a node's name and its incarnation: restore"
                                    + " the file from a backup, or delete it if no peer has lost its directory",
                            e);
                }
            }
        }
    }

    @Override
    public synchronized UUID firstSeen(String name, UUID incarnation) throws IOException {
        UUID before = seen.get(name);
        if (before != null) {
            return before;
        }
        StringBuilder text = new StringBuilder();
        seen.forEach((known, id) -> text.append(known).append(' ').append(id).append('\n'));
        text.append(name).append(' ').append(incarnation).append('\n');
        Path fresh = file.resolveSibling(file.getFileName() + ".new");
        try (FileChannel channel = FileChannel.open(
                fresh, StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.TRUNCATE_EXISTING)) {
            ByteBuffer bytes = StandardCharsets.UTF_8.encode(text.toString());
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
            channel.force(true);
        }
        Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        seen.put(name, incarnation);
        return incarnation;
    }
}
