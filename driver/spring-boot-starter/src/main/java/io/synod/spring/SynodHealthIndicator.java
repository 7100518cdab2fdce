package io.synod.spring;

import java.util.List;
import javax.sql.DataSource;
import org.springframework.boot.health.contributor.AbstractHealthIndicator;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.Status;

/** Boot 4: health indicator {@code synod}: down when a database of Synod has no leader or no majority. */
final class SynodHealthIndicator extends AbstractHealthIndicator {
    private final List<DataSource> dataSources;

    SynodHealthIndicator(List<DataSource> dataSources) {
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
