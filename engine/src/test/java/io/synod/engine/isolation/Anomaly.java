package io.synod.engine.isolation;

import java.util.List;

/**
 * The anomalies of Adya (1999) and Berenson et al. (1995), each as the history that shows it, after the suite
 * <em>hermitage</em>. The table holds the rows (1, 10) and (2, 20).
 */
enum Anomaly {
    /** Two transactions overwrite each other's writes, in another order on each row. */
    G0("dirty write", (t1, t2, t3) -> {
        t1.write("UPDATE test SET v = 11 WHERE id = 1");
        t2.start("UPDATE test SET v = 12 WHERE id = 1");
        t1.write("UPDATE test SET v = 21 WHERE id = 2");
        t1.commit();
        t2.write("UPDATE test SET v = 22 WHERE id = 2");
        t2.commit();
        List<Integer> end = t3.read("SELECT v FROM test ORDER BY id");
        return !end.equals(List.of(11, 21)) && !end.equals(List.of(12, 22));
    }),

    /** Reads what is rolled back later. */
    G1A("aborted read", (t1, t2, t3) -> {
        t1.write("UPDATE test SET v = 101 WHERE id = 1");
        boolean seen = t2.value(1).contains(101);
        t1.rollback();
        t2.commit();
        return seen;
    }),

    /** Reads what its writer changes again before it commits. */
    G1B("intermediate read", (t1, t2, t3) -> {
        t1.write("UPDATE test SET v = 101 WHERE id = 1");
        boolean seen = t2.value(1).contains(101);
        t1.write("UPDATE test SET v = 11 WHERE id = 1");
        t1.commit();
        t2.commit();
        return seen;
    }),

    /** Each reads what the other wrote. */
    G1C("circular information flow", (t1, t2, t3) -> {
        t1.write("UPDATE test SET v = 11 WHERE id = 1");
        t2.write("UPDATE test SET v = 22 WHERE id = 2");
        boolean one = t1.value(2).contains(22);
        boolean two = t2.value(1).contains(11);
        return t1.commit() & t2.commit() & one & two;
    }),

    /** Sees a transaction on one row, and does not see it any more on the next. */
    OTV("observed transaction vanishes", (t1, t2, t3) -> {
        t1.write("UPDATE test SET v = 11 WHERE id = 1");
        t1.write("UPDATE test SET v = 19 WHERE id = 2");
        t2.start("UPDATE test SET v = 12 WHERE id = 1");
        t1.commit();
        t2.write("UPDATE test SET v = v WHERE FALSE");
        boolean second = t3.value(1).contains(12);
        boolean firstAgain = t3.value(2).contains(19);
        t2.write("UPDATE test SET v = 18 WHERE id = 2");
        t2.commit();
        t3.commit();
        return second && firstAgain;
    }),

    /** The same condition finds another row the second time. */
    PMP("predicate-many-preceders", (t1, t2, t3) -> {
        boolean before = t1.read("SELECT id FROM test WHERE v = 30").isEmpty();
        t2.write("INSERT INTO test VALUES (3, 30)");
        t2.commit();
        boolean after = t1.read("SELECT id FROM test WHERE MOD(v, 3) = 0").contains(3);
        t1.commit();
        return before && after;
    }),

    /** A delete does not find what a query of the same transaction with the same condition found. */
    PMP_WRITE("predicate-many-preceders, writing", (t1, t2, t3) -> {
        t1.write("UPDATE test SET v = v + 10");
        boolean found = t2.read("SELECT id FROM test WHERE v = 20").contains(2);
        t2.start("DELETE FROM test WHERE v = 20");
        t1.commit();
        boolean committed = t2.commit();
        return committed && found && t3.read("SELECT id FROM test").contains(2);
    }),

    /** An update is based on a value that another one has replaced. */
    P4("lost update", (t1, t2, t3) -> {
        t1.value(1);
        t2.value(1);
        t1.write("UPDATE test SET v = 11 WHERE id = 1");
        t2.start("UPDATE test SET v = 11 WHERE id = 1");
        return t1.commit() & t2.commit();
    }),

    /** Sees one row from before a transaction and one from after it. */
    G_SINGLE("read skew", (t1, t2, t3) -> {
        boolean old = t1.value(1).contains(10);
        t2.write("UPDATE test SET v = 12 WHERE id = 1");
        t2.write("UPDATE test SET v = 18 WHERE id = 2");
        t2.commit();
        boolean young = t1.value(2).contains(18);
        return t1.commit() & old & young;
    }),

    /** The same over conditions. */
    G_SINGLE_PREDICATE("read skew over a condition", (t1, t2, t3) -> {
        boolean old = t1.read("SELECT id FROM test WHERE MOD(v, 5) = 0").size() == 2;
        t2.write("UPDATE test SET v = 12 WHERE v = 10");
        t2.commit();
        boolean young = t1.read("SELECT id FROM test WHERE MOD(v, 3) = 0").contains(1);
        return t1.commit() & old & young;
    }),

    /** The same, where the second look is that of a delete. */
    G_SINGLE_WRITE("read skew of a write", (t1, t2, t3) -> {
        boolean old = t1.value(1).contains(10);
        t2.write("UPDATE test SET v = 12 WHERE id = 1");
        t2.write("UPDATE test SET v = 18 WHERE id = 2");
        t2.commit();
        t1.write("DELETE FROM test WHERE v = 20");
        boolean committed = t1.commit();
        return committed && old && t3.read("SELECT id FROM test").contains(2);
    }),

    /** Two transactions each change what the other has read. */
    G2_ITEM("write skew", (t1, t2, t3) -> {
        t1.read("SELECT v FROM test WHERE id IN (1, 2)");
        t2.read("SELECT v FROM test WHERE id IN (1, 2)");
        t1.write("UPDATE test SET v = 11 WHERE id = 1");
        t2.write("UPDATE test SET v = 21 WHERE id = 2");
        return t1.commit() & t2.commit();
    }),

    /** Two transactions each add what the other's condition would have found. */
    G2("write skew over a condition, phantom", (t1, t2, t3) -> {
        t1.read("SELECT id FROM test WHERE MOD(v, 3) = 0");
        t2.read("SELECT id FROM test WHERE MOD(v, 3) = 0");
        t1.write("INSERT INTO test VALUES (3, 30)");
        t2.write("INSERT INTO test VALUES (4, 42)");
        return t1.commit() & t2.commit();
    });

    /** Plays a history. */
    @FunctionalInterface
    interface History {
        /** @return whether the anomaly was there at the end, and all who took part in it had committed */
        boolean play(Party t1, Party t2, Party t3) throws Exception;
    }

    private final String meaning;
    private final History history;

    Anomaly(String meaning, History history) {
        this.meaning = meaning;
        this.history = history;
    }

    /** As in the table of the documentation. */
    String title() {
        return name().replace('_', '-') + ", " + meaning;
    }

    /** @param urls of the three sessions; the database must hold the table */
    boolean happens(List<String> urls, int level) throws Exception {
        try (Party t1 = new Party(urls.get(0), level);
                Party t2 = new Party(urls.get(1), level);
                Party t3 = new Party(urls.get(2), level)) {
            return history.play(t1, t2, t3);
        }
    }
}
