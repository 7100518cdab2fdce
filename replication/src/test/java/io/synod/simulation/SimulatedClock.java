package io.synod.simulation;

/** A node's clocks: a monotonic one that runs faster or slower than virtual time, or stands still, and one of the wall, which can be set. */
final class SimulatedClock {
    private final Timeline time;
    private final double usual;
    private long shown;
    private long since;
    private double speed;
    private long wall;
    private long awakeAt;

    SimulatedClock(Timeline time, long offset, double speed) {
        this.time = time;
        this.shown = offset;
        this.usual = speed;
        this.speed = speed;
    }

    long nanos() {
        return shown + (long) ((time.now() - since) * speed);
    }

    long wallMillis() {
        return (wall + time.now()) / Cluster.MILLI;
    }

    void runs(double times) {
        shown = nanos();
        since = time.now();
        speed = usual * times;
    }

    /** The monotonic clock stands still, and the wall's does not. */
    void sleeps(long nanos) {
        runs(0);
        awakeAt = Math.max(awakeAt, time.now() + nanos);
        time.after(nanos, () -> {
            if (time.now() >= awakeAt) {
                runs(1);
            }
        });
    }

    /** Whether, so long ago at most, it stood still. */
    boolean hasSlept(long within) {
        return awakeAt > 0 && time.now() <= awakeAt + within;
    }

    void setWall(long by) {
        wall += by;
    }
}
