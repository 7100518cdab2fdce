package io.synod.engine.federation;

import java.util.List;

/** Typical forms of queries, over two databases where a form has two tables. */
final class Forms {
    /**
     * @param ordered whether the order of its rows is determined
     * @param planned whether there is a plan; what is an error on one database, or nothing that Calcite knows, has none
     */
    record Form(String sql, boolean ordered, boolean planned) {
        @Override
        public String toString() {
            return sql;
        }
    }

    private Forms() {}

    static Twin twin() {
        return new Twin("DB1", "DB2")
                .make(
                        "DB1",
                        "t",
                        "CREATE TABLE t(id INT PRIMARY KEY, k INT, name VARCHAR(20), amount NUMERIC(10, 2), d DATE, ts TIMESTAMP(9),"
                                + " flag BOOLEAN, c CHAR(5), ci VARCHAR_IGNORECASE(10), x DOUBLE, js JSON, arr INT ARRAY, u UUID)",
                        "INSERT INTO t SELECT x, CASE WHEN MOD(x, 7) = 0 THEN NULL ELSE MOD(x, 5) END, 'name' || MOD(x, 9),"
                                + " x * 1.25 - 7, DATEADD(DAY, x, DATE '2024-01-30'), DATEADD(MINUTE, x * 977, TIMESTAMP '2024-02-28 23:00:00.123456789'),"
                                + " CASE MOD(x, 3) WHEN 0 THEN TRUE WHEN 1 THEN FALSE END, 'c' || MOD(x, 4),"
                                + " CASE MOD(x, 2) WHEN 0 THEN 'Ab' ELSE 'aB' END, x / 8.0, JSON_OBJECT('a': x), ARRAY[x, 2],"
                                + " CAST(LPAD(TO_CHAR(x), 32, '0') AS UUID) FROM SYSTEM_RANGE(1, 40)")
                .make(
                        "DB2",
                        "o",
                        "CREATE TABLE o(oid BIGINT PRIMARY KEY, tid INT, qty INT, price NUMERIC(12, 3), note VARCHAR(30), od DATE, oc CHAR(5),"
                                + " oci VARCHAR_IGNORECASE(10))",
                        "CREATE INDEX o_tid ON o(tid)",
                        "INSERT INTO o SELECT x, CASE WHEN MOD(x, 11) = 0 THEN NULL ELSE MOD(x * 7, 50) END, MOD(x, 6), x * 0.125,"
                                + " CASE WHEN MOD(x, 5) = 0 THEN NULL ELSE 'note ' || MOD(x, 8) || ' ß€😀' END, DATEADD(DAY, MOD(x, 40), DATE '2024-02-01'),"
                                + " 'c' || MOD(x, 6), 'AB' FROM SYSTEM_RANGE(1, 120)")
                .make(
                        "DB2",
                        "e",
                        "CREATE TABLE e(eid INT PRIMARY KEY, boss INT, v VARCHAR(5))",
                        "INSERT INTO e VALUES"
                                + " (1, NULL, 'a'), (2, 1, 'b'), (3, 1, NULL), (4, 2, 'd'), (5, 4, 'e')");
    }

    private static Form rows(String sql) {
        return new Form(sql, false, true);
    }

    private static Form ordered(String sql) {
        return new Form(sql, true, true);
    }

    private static Form whole(String sql) {
        return new Form(sql, sql.contains("ORDER BY o."), false);
    }

    static final List<Form> ALL = List.of(
            // Joins
            rows("SELECT t.id, o.oid FROM {t} t JOIN {o} o ON o.tid = t.id"),
            rows("SELECT t.name, o.note FROM {t} t, {o} o WHERE o.tid = t.id AND t.k = 2"),
            rows("SELECT t.*, o.* FROM {t} t LEFT JOIN {o} o ON o.tid = t.id AND o.qty > 3"),
            rows("SELECT t.id, o.oid FROM {t} t RIGHT JOIN {o} o ON o.tid = t.id"),
            rows("SELECT t.id, e.eid FROM {t} t CROSS JOIN {e} e WHERE t.id < 4"),
            rows("SELECT * FROM {t} t JOIN {o} o ON o.tid = t.id JOIN {e} e ON e.eid = t.k"),
            rows("SELECT t.id, o.oid FROM {t} t JOIN {o} o ON o.tid BETWEEN t.id AND t.id + 1"),
            rows("SELECT t.id, o.oid FROM {t} t JOIN {o} o ON o.note LIKE '%' || t.k || '%'"),
            rows("SELECT a.eid, b.eid, t.id FROM {e} a JOIN {e} b ON b.boss = a.eid JOIN {t} t ON t.id = a.eid"),
            rows("SELECT t.id, o.oid, e.v FROM {t} t LEFT JOIN ({o} o JOIN {e} e ON e.eid = o.qty) ON o.tid = t.id"),
            whole("SELECT id, oid FROM {t} JOIN (SELECT oid, tid AS id FROM {o}) USING (id)"),
            rows("SELECT * FROM (SELECT id, k FROM {t}) NATURAL JOIN (SELECT tid AS id, qty FROM {o})"),
            // Aggregates
            rows(
                    "SELECT COUNT(*), SUM(o.qty), AVG(o.qty), MIN(o.price), MAX(o.note) FROM {t} t JOIN {o} o ON o.tid = t.id"),
            rows("SELECT t.k, COUNT(DISTINCT o.qty), SUM(o.price) FROM {t} t JOIN {o} o ON o.tid = t.id GROUP BY t.k"),
            rows(
                    "SELECT t.name, AVG(t.amount), AVG(o.price) FROM {t} t JOIN {o} o ON o.tid = t.id GROUP BY t.name HAVING COUNT(*) > 3"),
            rows(
                    "SELECT SUM(o.qty) FILTER (WHERE t.flag), COUNT(*) FILTER (WHERE t.k IS NULL) FROM {t} t JOIN {o} o ON o.tid = t.id"),
            rows("SELECT STDDEV_POP(o.qty), VAR_SAMP(t.amount) FROM {t} t JOIN {o} o ON o.tid = t.id"),
            rows("SELECT LISTAGG(e.v, ',') WITHIN GROUP (ORDER BY e.eid) FROM {t} t JOIN {e} e ON e.eid = t.id"),
            rows("SELECT STRING_AGG(e.v, ',' ORDER BY e.eid) FROM {t} t JOIN {e} e ON e.eid = t.id"),
            rows("SELECT GROUP_CONCAT(e.v ORDER BY e.eid SEPARATOR ';') FROM {t} t JOIN {e} e ON e.eid = t.id"),
            rows("SELECT ARRAY_AGG(e.v ORDER BY e.eid) FROM {t} t JOIN {e} e ON e.eid = t.id"),
            rows("SELECT MEDIAN(o.qty) FROM {t} t JOIN {o} o ON o.tid = t.id"),
            whole("SELECT EVERY(t.flag), ANY(o.qty > 4), BIT_AND_AGG(o.qty) FROM {t} t JOIN {o} o ON o.tid = t.id"),
            rows("SELECT DISTINCT t.k, o.qty FROM {t} t JOIN {o} o ON o.tid = t.id"),
            rows(
                    "SELECT EXTRACT(YEAR FROM t.d), MONTH(o.od), COUNT(*) FROM {t} t JOIN {o} o ON o.tid = t.id GROUP BY EXTRACT(YEAR FROM t.d), MONTH(o.od)"),
            rows("SELECT SUM(t.x), AVG(t.x) FROM {t} t JOIN {e} e ON e.eid = t.id"),
            rows("SELECT COUNT(*), SUM(o.qty), MAX(t.d) FROM {t} t JOIN {o} o ON o.tid = t.id WHERE t.id < 0"),
            // Order and limits
            ordered("SELECT t.id, o.oid FROM {t} t JOIN {o} o ON o.tid = t.id ORDER BY o.oid DESC, t.id LIMIT 7"),
            ordered(
                    "SELECT t.name FROM {t} t JOIN {o} o ON o.tid = t.id ORDER BY o.oid OFFSET 5 ROWS FETCH NEXT 4 ROWS ONLY"),
            ordered("SELECT o.note, o.oid FROM {t} t JOIN {o} o ON o.tid = t.id ORDER BY o.note NULLS LAST, o.oid"),
            ordered("SELECT t.k, o.oid FROM {t} t JOIN {o} o ON o.tid = t.id ORDER BY 1, 2"),
            ordered("SELECT t.k AS z, o.oid FROM {t} t JOIN {o} o ON o.tid = t.id ORDER BY z DESC, o.oid"),
            ordered("SELECT o.oid + t.id FROM {t} t JOIN {o} o ON o.tid = t.id ORDER BY o.oid + t.id, o.oid"),
            rows("SELECT * FROM (SELECT * FROM {t} ORDER BY id LIMIT 5) t JOIN {o} o ON o.tid = t.id"),
            whole("SELECT TOP 5 o.oid FROM {t} t JOIN {o} o ON o.tid = t.id ORDER BY o.oid"),
            whole("SELECT o.qty FROM {t} t JOIN {o} o ON o.tid = t.id ORDER BY o.qty FETCH FIRST 3 ROWS WITH TIES"),
            whole("SELECT TOP 3 * FROM {t} t JOIN {o} o ON o.tid = t.id ORDER BY o.oid"),
            whole("SELECT TOP 3 o.qty * t.id FROM {t} t JOIN {o} o ON o.tid = t.id ORDER BY o.oid"),
            // Sub-queries
            rows("SELECT * FROM {t} WHERE id IN (SELECT tid FROM {o} WHERE qty = 2)"),
            rows("SELECT * FROM {t} WHERE id NOT IN (SELECT tid FROM {o} WHERE tid IS NOT NULL)"),
            rows("SELECT * FROM {t} WHERE id NOT IN (SELECT tid FROM {o})"),
            rows("SELECT * FROM {t} WHERE k NOT IN (SELECT qty FROM {o} WHERE qty > 2)"),
            rows("SELECT * FROM {t} t WHERE EXISTS (SELECT 1 FROM {o} o WHERE o.tid = t.id AND o.qty > t.k)"),
            rows("SELECT * FROM {t} t WHERE NOT EXISTS (SELECT 1 FROM {o} o WHERE o.tid = t.id)"),
            rows("SELECT t.id, (SELECT MAX(o.price) FROM {o} o WHERE o.tid = t.id) FROM {t} t"),
            rows("SELECT t.id, (SELECT COUNT(*) FROM {o} o WHERE o.tid = t.id) FROM {t} t"),
            rows("SELECT t.id, (SELECT e.v FROM {e} e WHERE e.eid = t.id) FROM {t} t"),
            rows("SELECT t.id, (SELECT o.note FROM {o} o WHERE o.tid = t.id AND o.oid < 30) FROM {t} t WHERE t.id < 3"),
            rows("SELECT t.id, (SELECT o.oid FROM {o} o WHERE o.tid = t.id) FROM {t} t"),
            rows("SELECT * FROM {t} WHERE amount > (SELECT AVG(price) FROM {o})"),
            rows("SELECT * FROM {t} WHERE amount > ALL (SELECT price FROM {o} WHERE qty = 1)"),
            rows("SELECT * FROM {t} WHERE k = ANY (SELECT qty FROM {o})"),
            rows("SELECT * FROM {t} WHERE (id, k) IN (SELECT tid, qty FROM {o})"),
            rows("SELECT t.id, (SELECT o.oid FROM {o} o WHERE o.tid = t.id ORDER BY o.oid LIMIT 1) FROM {t} t"),
            rows(
                    "SELECT CASE WHEN EXISTS (SELECT 1 FROM {o} o WHERE o.tid = t.id) THEN 'yes' ELSE 'no' END, t.id FROM {t} t"),
            rows("SELECT t.id FROM {t} t WHERE t.id IN (SELECT tid FROM {o}) OR t.k = 1"),
            // Sub-queries beside their own table
            rows(
                    "SELECT a.oid, b.qty FROM {o} a JOIN (SELECT * FROM {o} p WHERE p.qty < 2 OR NOT EXISTS (SELECT 1 FROM {o} q WHERE q.tid = p.qty AND q.price > p.price)) b ON b.oid = a.oid JOIN {t} t ON t.id = a.tid"),
            rows(
                    "WITH w AS (SELECT * FROM {o} p WHERE p.qty < 2 OR EXISTS (SELECT 1 FROM {o} q WHERE q.tid < p.qty)) SELECT a.oid, b.qty FROM {o} a LEFT JOIN w b ON b.oid = a.oid JOIN {t} t ON t.id = a.tid"),
            rows(
                    "SELECT a.oid, b.s FROM {o} a JOIN (SELECT p.oid, (SELECT SUM(q.price) FROM {o} q WHERE q.tid < p.qty) s FROM {o} p) b ON b.oid = a.oid JOIN {t} t ON t.id = a.tid"),
            rows(
                    "SELECT a.eid, b.eid FROM {e} a JOIN (SELECT eid FROM {e} p WHERE eid NOT IN (SELECT boss FROM {e} q WHERE q.boss > p.boss)) b ON b.eid > a.eid JOIN {t} t ON t.id = a.eid"),
            // Sub-queries that depend on a column which is null in rows that an outer join keeps
            rows(
                    "SELECT q.eid, t.id FROM {e} q RIGHT JOIN {t} t ON q.eid = t.k WHERE q.eid NOT IN (SELECT boss FROM {e} r WHERE r.boss = t.k)"),
            rows(
                    "SELECT t.id FROM {t} t LEFT JOIN {e} e ON e.eid = t.k WHERE EXISTS (SELECT 1 FROM {e} r WHERE r.eid < t.k OR r.boss = 4)"),
            rows(
                    "SELECT t.id, (SELECT MIN(boss) FROM {e} r WHERE r.eid < t.k OR r.boss = 4) FROM {t} t LEFT JOIN {e} e ON e.eid = t.k"),
            // Sub-queries that depend on a query further around
            whole(
                    "SELECT a.oid FROM {o} a JOIN {t} t ON t.id = a.tid WHERE EXISTS (SELECT 1 FROM {o} q WHERE q.qty < a.qty AND NOT EXISTS (SELECT 1 FROM {o} r WHERE r.tid > q.tid AND r.qty <> a.qty))"),
            whole(
                    "SELECT t.id FROM {t} t LEFT JOIN {e} e ON e.eid = t.k WHERE t.k = 1 OR EXISTS (SELECT 1 FROM {o} q WHERE q.tid = t.id AND t.k NOT IN (SELECT r.boss FROM {e} r WHERE r.eid < e.eid))"),
            whole(
                    "SELECT t.id FROM {t} t WHERE NOT (t.id NOT IN (SELECT q.eid FROM {e} q WHERE t.k NOT IN (SELECT r.boss FROM {e} r WHERE r.v > q.v)))"),
            // Set operations
            rows("SELECT id FROM {t} UNION SELECT oid FROM {o}"),
            rows("SELECT k, name FROM {t} UNION ALL SELECT qty, note FROM {o}"),
            rows("SELECT id FROM {t} INTERSECT SELECT tid FROM {o}"),
            rows("SELECT id FROM {t} EXCEPT SELECT tid FROM {o}"),
            ordered("SELECT id AS i, 'a' AS w FROM {t} UNION ALL SELECT eid, 'bcd' FROM {e} ORDER BY i, w LIMIT 9"),
            rows("SELECT amount FROM {t} UNION SELECT price FROM {o}"),
            rows("SELECT NULL, id FROM {t} UNION ALL SELECT v, eid FROM {e}"),
            // Windows
            rows(
                    "SELECT t.id, o.oid, ROW_NUMBER() OVER (PARTITION BY t.k ORDER BY o.oid) FROM {t} t JOIN {o} o ON o.tid = t.id"),
            rows(
                    "SELECT t.id, SUM(o.qty) OVER (PARTITION BY t.id ORDER BY o.oid ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM {t} t JOIN {o} o ON o.tid = t.id"),
            rows(
                    "SELECT o.oid, RANK() OVER (ORDER BY t.k), DENSE_RANK() OVER (ORDER BY t.k), NTILE(4) OVER (ORDER BY o.oid) FROM {t} t JOIN {o} o ON o.tid = t.id"),
            rows(
                    "SELECT o.oid, LAG(o.qty) OVER (ORDER BY o.oid), LEAD(o.qty, 2, -1) OVER (ORDER BY o.oid), FIRST_VALUE(t.id) OVER (ORDER BY o.oid) FROM {t} t JOIN {o} o ON o.tid = t.id"),
            rows(
                    "SELECT o.oid, AVG(o.qty) OVER (PARTITION BY t.k), COUNT(*) OVER () FROM {t} t JOIN {o} o ON o.tid = t.id"),
            rows(
                    "SELECT t.id, o.oid FROM {t} t JOIN {o} o ON o.tid = t.id QUALIFY ROW_NUMBER() OVER (PARTITION BY t.id ORDER BY o.oid) = 1"),
            rows(
                    "SELECT q.id, q.r, o.oid FROM (SELECT id, ROW_NUMBER() OVER (ORDER BY amount DESC) r FROM {t}) q JOIN {o} o ON o.tid = q.id WHERE q.r < 5"),
            // Common table expressions
            rows(
                    "WITH q AS (SELECT tid, SUM(qty) s FROM {o} GROUP BY tid) SELECT t.id, q.s FROM {t} t JOIN q ON q.tid = t.id"),
            rows(
                    "WITH q AS (SELECT * FROM {t} WHERE k = 1), r AS (SELECT * FROM {o} WHERE tid IN (SELECT id FROM q)) SELECT q.id, r.oid FROM q JOIN r ON r.tid = q.id"),
            whole(
                    "WITH RECURSIVE h(eid, depth) AS (SELECT eid, 0 FROM {e} WHERE boss IS NULL UNION ALL SELECT e.eid, h.depth + 1 FROM {e} e JOIN h ON e.boss = h.eid) SELECT h.*, t.name FROM h JOIN {t} t ON t.id = h.eid"),
            rows("SELECT q.w, t.id FROM (SELECT 'AB' AS w FROM {e} WHERE eid = 1) q JOIN {t} t ON t.ci = q.w"),
            rows("SELECT q.w, t.id FROM (SELECT 'c1' AS w FROM {e} WHERE eid = 1) q JOIN {t} t ON t.c = q.w"),
            // Expressions
            rows(
                    "SELECT COALESCE(o.note, t.name), NULLIF(t.k, o.qty), NVL(t.k, -1), GREATEST(t.id, o.qty) FROM {t} t LEFT JOIN {o} o ON o.tid = t.id"),
            rows(
                    "SELECT UPPER(t.name) || '-' || o.oid, SUBSTRING(o.note, 2, 3), LENGTH(o.note), TRIM(t.c), REPLACE(t.name, 'n', 'm') FROM {t} t JOIN {o} o ON o.tid = t.id"),
            rows(
                    "SELECT t.amount / o.qty, t.id / 7, t.id / 7.0, MOD(o.oid, 4), o.price * t.amount, -t.id FROM {t} t JOIN {o} o ON o.tid = t.id WHERE o.qty <> 0"),
            rows(
                    "SELECT t.d + INTERVAL '1' MONTH, t.ts - INTERVAL '2' HOUR, DATEADD(DAY, 3, o.od), DATEDIFF(MONTH, t.d, o.od) FROM {t} t JOIN {o} o ON o.tid = t.id"),
            rows(
                    "SELECT TIMESTAMPDIFF(DAY, t.d, o.od), YEAR(t.ts), DAY_OF_WEEK(o.od), FORMATDATETIME(t.ts, 'yyyy-MM') FROM {t} t JOIN {o} o ON o.tid = t.id"),
            rows(
                    "SELECT CAST(t.amount AS INT), CAST(o.oid AS VARCHAR(2)), CAST(t.d AS TIMESTAMP), t.id::VARCHAR FROM {t} t JOIN {o} o ON o.tid = t.id WHERE o.oid < 100"),
            rows(
                    "SELECT CASE t.k WHEN 1 THEN 'a' WHEN 2 THEN 'bcd' END, DECODE(o.qty, 1, 'x', 2, 'y', 'z'), CASEWHEN(o.qty > 2, 1, 2) FROM {t} t JOIN {o} o ON o.tid = t.id"),
            rows(
                    "SELECT t.id FROM {t} t JOIN {o} o ON o.tid = t.id WHERE REGEXP_LIKE(o.note, '^note [12]') AND t.name ILIKE 'NAME%'"),
            whole(
                    "SELECT t.id FROM {t} t JOIN {o} o ON o.tid = t.id WHERE o.note REGEXP 'note [34]' AND LOCATE('e', t.name) = 4"),
            rows(
                    "SELECT t.id, o.oid FROM {t} t JOIN {o} o ON o.tid = t.id WHERE o.note LIKE '%€😀' AND o.note <> 'nöte'"),
            rows("SELECT t.id, o.oid FROM {t} t JOIN {o} o ON t.k IS NOT DISTINCT FROM o.qty WHERE o.oid < 9"),
            rows(
                    "SELECT JSON_OBJECT('id': t.id, 'o': o.oid), JSON_ARRAY(t.k, o.qty), t.js, t.arr, t.arr[1], CARDINALITY(t.arr), t.u FROM {t} t JOIN {o} o ON o.tid = t.id"),
            rows(
                    "SELECT TO_CHAR(o.od, 'YYYY'), ROUND(t.amount, 1), ABS(t.amount), FLOOR(t.x), CEIL(o.price), SQRT(t.id), SIGN(t.amount) FROM {t} t JOIN {o} o ON o.tid = t.id"),
            rows("SELECT t.id, o.oid FROM {t} t JOIN {o} o ON t.ci = o.oci WHERE o.oid < 5"),
            rows(
                    "SELECT t.ci, COUNT(*) FROM {t} t JOIN {o} o ON o.tid = t.id GROUP BY t.ci HAVING MIN(t.ci) = 'AB' AND MAX(t.ci) = 'ab'"),
            rows("SELECT t.id, o.oid, t.c FROM {t} t JOIN {o} o ON t.c = o.oc WHERE o.oid < 10 AND t.c = 'c1'"),
            rows(
                    "SELECT t.id FROM {t} t JOIN {o} o ON o.tid = t.id WHERE t.d > '2024-02-10' AND o.od BETWEEN DATE '2024-02-01' AND '2024-03-01'"),
            rows("SELECT t.id FROM {t} t JOIN {o} o ON o.tid = t.id WHERE t.flag AND NOT (o.qty = 2 OR t.k IS NULL)"),
            whole("SELECT ROWNUM(), e.eid FROM {t} t JOIN {e} e ON e.eid = t.id"),
            whole("SELECT t._ROWID_, e.eid FROM {t} t JOIN {e} e ON e.eid = t.id"),
            rows(
                    "SELECT v.a, o.oid FROM (VALUES (1, 'x'), (2, 'yy')) v(a, b) JOIN {o} o ON o.tid = v.a JOIN {t} t ON t.id = v.a"),
            whole(
                    "SELECT r.x, t.id, e.eid FROM SYSTEM_RANGE(1, 3) r JOIN {t} t ON t.id = r.x JOIN {e} e ON e.eid = r.x"),
            whole(
                    "SELECT t.id, u.c1, e.eid FROM {t} t JOIN UNNEST(ARRAY[1, 2]) u(c1) ON u.c1 = t.id JOIN {e} e ON e.eid = t.id"),
            rows("SELECT HASH('SHA256', t.name), RAWTOHEX(o.note) FROM {t} t JOIN {o} o ON o.tid = t.id"),
            rows("SELECT t.id / (o.qty - 2) FROM {t} t JOIN {o} o ON o.tid = t.id"),
            rows("SELECT t.id / (o.qty - 2) FROM {t} t JOIN {o} o ON o.tid = t.id WHERE o.qty <> 2"),
            whole("SELECT t.nope FROM {t} t JOIN {o} o ON o.tid = t.id"),
            whole("SELECT id, k FROM {t} t JOIN {t} s ON s.id = t.id JOIN {o} o ON o.tid = t.id"),
            rows(
                    "SELECT CURRENT_DATE = CAST(CURRENT_TIMESTAMP AS DATE), COUNT(*) FROM {t} t JOIN {o} o ON o.tid = t.id AND o.od < CURRENT_DATE"));
}
