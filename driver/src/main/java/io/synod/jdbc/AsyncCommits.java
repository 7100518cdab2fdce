package io.synod.jdbc;

import java.util.concurrent.ExecutorService;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** The threads that wait for the commits of {@link SynodConnection#commitAsync()}: daemons, gone after they were idle. */
final class AsyncCommits {
    private static final int THREADS_MAX = 512;
    private static final int IDLE_SECONDS = 10;
    private static final AtomicInteger NUMBER = new AtomicInteger();

    /** Beyond the bound, whoever commits waits itself: the commit is made before the call returns. */
    static final ExecutorService EXECUTOR = new ThreadPoolExecutor(
            0,
            THREADS_MAX,
            IDLE_SECONDS,
            TimeUnit.SECONDS,
            new SynchronousQueue<>(),
            task -> {
                Thread thread = new Thread(task, "synod-commit-" + NUMBER.incrementAndGet());
                thread.setDaemon(true);
                return thread;
            },
            new ThreadPoolExecutor.CallerRunsPolicy());

    private AsyncCommits() {}
}
