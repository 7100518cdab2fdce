package io.synod.engine.snapshot;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.engine.failover.Await;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.h2.mvstore.MVStoreException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What is known of a store's file when it is closed because something went wrong with it. */
@Timeout(240)
class FileHealthTest {
    @TempDir
    Path directory;

    @AfterEach
    void whole() {
        FaultyDisk.test = null;
    }

    private H2Store open() throws Exception {
        return H2Store.openFile(directory.resolve("shop"), Map.of());
    }

    @Test
    void failed_force_is_not_hidden_by_a_write_beside_it_that_found_no_room() throws Exception {
        H2Store store = open();
        Checkpoint checkpoints = store.checkpoints(() -> 0);
        FaultyDisk.test = new FaultyDisk() {
            @Override
            void onWrite(String file) throws IOException {
                // The write has looked whether a force had failed.
                assertThrows(
                        MVStoreException.class,
                        () -> store.database().getStore().getMvStore().sync());
                throw new IOException("No space left on device");
            }

            @Override
            void onForce(String file) throws IOException {
                throw new IOException("Input/output error");
            }
        };
        assertThrows(Exception.class, checkpoints::take);
        assertFalse(store.health().lacksSpace(), () -> "" + store.health().failure());
        store.abandon();
        whole();
        assertFalse(store.health().lacksSpace());
        assertThrows(IOException.class, () -> store.health().checkWritten());
        try (H2Store next = open()) {
            assertNull(next.health().failure());
            assertEquals(0, next.checkpointIndex());
        }
        assertThrows(IOException.class, () -> store.health().checkWritten());
    }

    @Test
    void checkpoint_that_is_being_taken_comes_to_its_end_before_the_file_is_given_away() throws Exception {
        H2Store store = open();
        Checkpoint checkpoints = store.checkpoints(() -> 0);
        CountDownLatch reached = new CountDownLatch(1);
        CountDownLatch goesOn = new CountDownLatch(1);
        FaultyDisk.test = new FaultyDisk() {
            @Override
            void onForce(String file) throws IOException {
                reached.countDown();
                try {
                    goesOn.await();
                } catch (InterruptedException e) {
                    throw new IOException(e);
                }
            }
        };
        CompletableFuture<Checkpoint.Taken> taken = new CompletableFuture<>();
        Thread takes = new Thread(() -> {
            try {
                taken.complete(checkpoints.take());
            } catch (IOException | RuntimeException e) {
                taken.completeExceptionally(e);
            }
        });
        takes.start();
        reached.await();
        Thread closes = new Thread(store::abandon);
        closes.start();
        Await.until(
                "it waits, or has not waited",
                () -> closes.getState() == Thread.State.BLOCKED || closes.getState() == Thread.State.TERMINATED);
        boolean waited = closes.isAlive();
        goesOn.countDown();
        closes.join();
        takes.join();
        assertTrue(waited, "closed under a checkpoint");
        assertTrue(taken.get().length() > 0);
        assertNull(checkpoints.take(), "one of a file that is closed");
    }

    @Test
    void file_that_is_gone_is_not_one_that_could_not_be_forced() throws Exception {
        H2Store store = open();
        store.abandon();
        Files.delete(directory.resolve("shop.mv.db"));
        store.health().checkWritten();
        assertNull(store.health().failure());
    }
}
