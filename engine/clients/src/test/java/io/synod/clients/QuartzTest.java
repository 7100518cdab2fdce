package io.synod.clients;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.h2.tools.RunScript;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.quartz.Job;
import org.quartz.JobBuilder;
import org.quartz.JobDetail;
import org.quartz.JobExecutionContext;
import org.quartz.JobExecutionException;
import org.quartz.Scheduler;
import org.quartz.SchedulerException;
import org.quartz.SimpleScheduleBuilder;
import org.quartz.TriggerBuilder;
import org.quartz.impl.StdSchedulerFactory;

/** Quartz's JDBC job store in clustered mode, with its row locks. */
@Timeout(400)
class QuartzTest {
    private static final int SCHEDULERS = 3;
    private static final int TRIGGERS = 60;
    private static final int KILLS = 3;
    private static final int SPREAD_MILLIS = 4_000;
    /** Those that have run a job. */
    private static final Set<String> AT_WORK = ConcurrentHashMap.newKeySet();

    /** Writes that it ran; in a transaction of its own, as an application's job does. */
    public static final class Count implements Job {
        /** Made by Quartz. */
        public Count() {}

        @Override
        public void execute(JobExecutionContext context) throws JobExecutionException {
            try {
                AT_WORK.add(context.getScheduler().getSchedulerInstanceId());
                Await.until("another scheduler that has its share", () -> AT_WORK.size() > 1);
                Retry.run(() -> {
                    try (Connection c = connect(context.getMergedJobDataMap().getString("url"));
                            PreparedStatement insert = c.prepareStatement("INSERT INTO FIRED VALUES (?, ?)")) {
                        insert.setString(1, context.getTrigger().getKey().getName());
                        insert.setString(2, context.getScheduler().getSchedulerInstanceId());
                        return insert.executeUpdate();
                    }
                });
            } catch (Exception e) {
                throw new JobExecutionException(e);
            }
        }
    }

    @Test
    void each_trigger_of_a_cluster_of_schedulers_fires_once_through_leader_kills() throws Exception {
        Cluster cluster = Cluster.shared();
        String url = cluster.url("QUARTZ");
        try (Connection c = connect(url);
                Statement s = c.createStatement();
                var script = new java.io.InputStreamReader(
                        Scheduler.class.getResourceAsStream("/org/quartz/impl/jdbcjobstore/tables_h2.sql"),
                        StandardCharsets.UTF_8)) {
            RunScript.execute(c, script);
            s.execute("CREATE TABLE FIRED(TRIGGER_NAME VARCHAR(40), SCHEDULER VARCHAR(80))");
        }
        List<Scheduler> schedulers = new ArrayList<>();
        try {
            for (int i = 0; i < SCHEDULERS; i++) {
                schedulers.add(scheduler(url, i));
            }
            schedule(schedulers.get(0), url);
            for (Scheduler scheduler : schedulers) {
                scheduler.start();
            }
            for (int kill = 1; kill <= KILLS; kill++) {
                long due = (long) TRIGGERS * kill / (KILLS + 1);
                Await.until(due + " triggers fired", () -> number(url, "SELECT COUNT(*) FROM FIRED") >= due);
                cluster.killLeader();
            }
            Await.until(
                    "all triggers done",
                    () -> number(url, "SELECT COUNT(*) FROM QRTZ_TRIGGERS") == 0
                            && number(url, "SELECT COUNT(*) FROM QRTZ_FIRED_TRIGGERS") == 0);
        } finally {
            for (Scheduler scheduler : schedulers) {
                scheduler.shutdown(true);
            }
        }
        assertEquals(TRIGGERS, number(url, "SELECT COUNT(DISTINCT TRIGGER_NAME) FROM FIRED"));
        assertEquals(TRIGGERS, number(url, "SELECT COUNT(*) FROM FIRED"), "fired once each");
        assertTrue(
                number(url, "SELECT COUNT(DISTINCT SCHEDULER) FROM FIRED") > 1,
                "more than one scheduler had its share");
    }

    private static void schedule(Scheduler scheduler, String url) throws SchedulerException {
        JobDetail job = JobBuilder.newJob(Count.class)
                .withIdentity("count")
                .usingJobData("url", url)
                .storeDurably()
                .build();
        scheduler.addJob(job, false);
        long now = System.currentTimeMillis();
        for (int i = 0; i < TRIGGERS; i++) {
            scheduler.scheduleJob(TriggerBuilder.newTrigger()
                    .withIdentity("trigger " + i)
                    .forJob(job)
                    .startAt(new Date(now + (long) SPREAD_MILLIS * i / TRIGGERS))
                    .withSchedule(SimpleScheduleBuilder.simpleSchedule().withMisfireHandlingInstructionFireNow())
                    .build());
        }
    }

    private static Scheduler scheduler(String url, int number) throws SchedulerException {
        Properties p = new Properties();
        p.setProperty("org.quartz.scheduler.instanceName", "clients");
        p.setProperty("org.quartz.scheduler.instanceId", "scheduler-" + number);
        p.setProperty("org.quartz.scheduler.skipUpdateCheck", "true");
        p.setProperty("org.quartz.threadPool.threadCount", "2");
        // What Quartz waits before it tries again is 15 s otherwise.
        p.setProperty("org.quartz.scheduler.dbFailureRetryInterval", "500");
        p.setProperty("org.quartz.jobStore.class", "org.quartz.impl.jdbcjobstore.JobStoreTX");
        p.setProperty("org.quartz.jobStore.isClustered", "true");
        p.setProperty("org.quartz.jobStore.clusterCheckinInterval", "2000");
        // A name of its own: Quartz keeps data sources per JVM, and the first scheduler to stop closes its own.
        String source = "synod" + number;
        p.setProperty("org.quartz.jobStore.dataSource", source);
        p.setProperty("org.quartz.dataSource." + source + ".provider", "hikaricp");
        p.setProperty("org.quartz.dataSource." + source + ".driver", "io.synod.jdbc.SynodDriver");
        p.setProperty("org.quartz.dataSource." + source + ".URL", url);
        p.setProperty("org.quartz.dataSource." + source + ".user", Cluster.USER);
        p.setProperty("org.quartz.dataSource." + source + ".password", Cluster.PASSWORD);
        p.setProperty("org.quartz.dataSource." + source + ".maxConnections", "4");
        // Several schedulers of one name in one JVM: the factory's own registry would give the first one again.
        StdSchedulerFactory factory = new StdSchedulerFactory(p);
        Scheduler scheduler = factory.getScheduler();
        org.quartz.impl.SchedulerRepository.getInstance().remove("clients");
        return scheduler;
    }

    private static Connection connect(String url) throws SQLException {
        return DriverManager.getConnection(url, Cluster.USER, Cluster.PASSWORD);
    }

    private static long number(String url, String sql) throws SQLException {
        try (Connection c = connect(url);
                Statement s = c.createStatement();
                ResultSet rows = s.executeQuery(sql)) {
            rows.next();
            return rows.getLong(1);
        }
    }
}
