package io.synod.engine.operations;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class FreePortsTest {
    /** Another process, which tells what it took and waits to be ended. */
    public static final class Taker {
        public static void main(String[] args) throws IOException {
            System.out.println(FreePorts.take(150).toString().replaceAll("[\\[\\] ]", ""));
            System.in.read();
        }
    }

    private static Set<Integer> takenBy(Process process) throws IOException {
        Set<Integer> ports = new TreeSet<>();
        for (String port : process.inputReader().readLine().split(",")) {
            ports.add(Integer.valueOf(port));
        }
        return ports;
    }

    @Test
    void no_two_processes_take_the_same_port() throws Exception {
        List<Process> others = new ArrayList<>();
        try {
            for (int i = 0; i < 3; i++) {
                others.add(new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin", "java")
                                        .toString(),
                                "-cp",
                                System.getProperty("java.class.path"),
                                Taker.class.getName())
                        .redirectError(ProcessBuilder.Redirect.INHERIT)
                        .start());
            }
            Set<Integer> all = new TreeSet<>(FreePorts.take(150));
            for (Process other : others) {
                all.addAll(takenBy(other));
            }
            assertEquals(4 * 150, all.size());
            assertTrue(all.iterator().next() > 20_000);
        } finally {
            others.forEach(Process::destroyForcibly);
        }
    }

    @Test
    void one_that_somebody_listens_on_is_passed_over() throws Exception {
        for (int i = 0; i < 100; i++) {
            int next = FreePorts.take(1).get(0) + 1;
            try (ServerSocket other = new ServerSocket(next, 1, InetAddress.getLoopbackAddress())) {
                assertFalse(FreePorts.take(1).contains(other.getLocalPort()));
                return;
            } catch (BindException taken) {
                // The first port of a block, which the process that has the block holds.
            }
        }
        fail("none of 100 ports was free");
    }

    @Test
    void where_all_that_a_process_may_have_are_in_use_it_is_told() throws Exception {
        List<ServerSocket> all = new ArrayList<>();
        try {
            IOException e = assertThrows(IOException.class, () -> {
                while (all.size() < 2_000) {
                    all.add(new ServerSocket(FreePorts.take(1).get(0), 1, InetAddress.getLoopbackAddress()));
                }
            });
            assertTrue(e.getMessage().contains("in use"), e.toString());
        } finally {
            for (ServerSocket each : all) {
                each.close();
            }
        }
    }

    @Test
    void they_begin_again_when_they_were_used() throws Exception {
        Set<Integer> all = new TreeSet<>();
        for (int i = 0; i < 50; i++) {
            all.addAll(FreePorts.take(100));
        }
        assertTrue(all.size() <= 1_000, all.size() + " of one process");
    }
}
