package io.synod.simulation;

/**
 * The simplest plan found with which a seed fails: one thing after the other is left out, as long as any checker still objects.
 *
 * @param failure of the run by this plan
 * @param tried so many plans
 */
record Shrunk(FaultPlan plan, AssertionError failure, int tried) {
    /** @return {@code null} when the seed does not fail at all */
    static Shrunk of(SeedRuns.Run run, long seed) {
        FaultPlan[] drawn = new FaultPlan[1];
        AssertionError failure = failure(run, seed, null, drawn);
        if (failure == null) {
            return null;
        }
        FaultPlan simplest = drawn[0];
        int tried = 0;
        boolean simpler = true;
        while (simpler) {
            simpler = false;
            for (FaultPlan candidate : simplest.simpler()) {
                tried++;
                AssertionError again = failure(run, seed, candidate, drawn);
                if (again != null) {
                    simplest = candidate;
                    failure = again;
                    simpler = true;
                    break;
                }
            }
        }
        return new Shrunk(simplest, failure, tried);
    }

    private static AssertionError failure(SeedRuns.Run run, long seed, FaultPlan instead, FaultPlan[] drawn) {
        try {
            run.run(
                    seed,
                    plan -> {
                        drawn[0] = plan;
                        return instead == null ? plan : instead;
                    },
                    null);
            return null;
        } catch (AssertionError broken) {
            return broken;
        }
    }
}
