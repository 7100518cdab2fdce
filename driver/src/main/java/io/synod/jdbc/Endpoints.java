package io.synod.jdbc;

import java.util.ArrayList;
import java.util.List;

/** The nodes of a URL, the one that served last in front. Guarded by its session's lock. */
final class Endpoints {
    private final List<String> all;
    private int preferred;

    Endpoints(List<String> all) {
        this.all = all;
    }

    List<String> all() {
        return all;
    }

    /** @return the order in which to try them */
    List<String> order() {
        List<String> order = new ArrayList<>(all.subList(preferred, all.size()));
        order.addAll(all.subList(0, preferred));
        return order;
    }

    void served(String endpoint) {
        preferred = Math.max(0, all.indexOf(endpoint));
    }

    /** Tries this one last from now on. */
    void failed() {
        preferred = (preferred + 1) % all.size();
    }
}
