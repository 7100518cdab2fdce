package io.synod.spring;

import java.util.List;
import javax.sql.DataSource;
import org.springframework.boot.actuate.health.AbstractHealthIndicator;
import org.springframework.boot.actuate.health.Health;
import org.springframework.boot.actuate.health.Status;

/** Boot 3.5: health indicator {@code synod}: down when a database of Synod has no leader or no majority. */
final class Boot3HealthIndicator extends AbstractHealthIndicator {
    private final List<DataSource> dataSources;

    Boot3HealthIndicator(List<DataSource> dataSources) {
        super("the state of a Synod database could not be read");
        this.dataSources = dataSources;
    }

    @Override
    protected void doHealthCheck(Health.Builder health) throws Exception {
        health.unknown();
        boolean healthy = true;
        for (DataSource dataSource : dataSources) {
            DatabaseHealth database = DatabaseHealth.of(dataSource);
            if (database != null) {
                healthy &= database.healthy();
                health.status(healthy ? Status.UP : Status.DOWN).withDetail(database.database(), database.details());
            }
        }
    }
}
