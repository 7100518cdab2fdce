package io.synod.engine.operations;

import java.util.Arrays;
import java.util.concurrent.CountDownLatch;

/** A process with the command line and the output of a node, and nothing behind them. */
final class FakeNode {
    private FakeNode() {}

    public static void main(String[] args) throws InterruptedException {
        String name = args[Arrays.asList(args).indexOf("--name") + 1];
        if (name.equals("c")) {
            System.err.println("synod: port 1 is in use");
            System.exit(1);
        }
        NodeRun.exitAtEndOf(System.in);
        Runtime.getRuntime()
                .addShutdownHook(new Thread(() -> Runtime.getRuntime().halt(0)));
        System.out.println("synod node " + name + " ready");
        System.out.println(String.join(" ", args));
        new CountDownLatch(1).await();
    }
}
