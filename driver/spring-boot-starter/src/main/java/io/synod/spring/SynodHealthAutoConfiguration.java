package io.synod.spring;

import javax.sql.DataSource;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.context.annotation.Bean;

/** Boot 4: adds the health of Synod's databases to {@code /actuator/health}, unless {@code management.health.synod.enabled=false}. */
@AutoConfiguration(afterName = "org.springframework.boot.jdbc.autoconfigure.DataSourceAutoConfiguration")
@ConditionalOnClass(HealthIndicator.class)
@ConditionalOnBean(DataSource.class)
@ConditionalOnProperty(name = "management.health.synod.enabled", matchIfMissing = true)
public class SynodHealthAutoConfiguration {
    /** Made by Spring Boot. */
    public SynodHealthAutoConfiguration() {}

    @Bean
    @ConditionalOnMissingBean(name = "synodHealthIndicator")
    HealthIndicator synodHealthIndicator(ObjectProvider<DataSource> dataSources) {
        return new SynodHealthIndicator(dataSources.orderedStream().toList());
    }
}
