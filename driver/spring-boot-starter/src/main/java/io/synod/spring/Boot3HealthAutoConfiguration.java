package io.synod.spring;

import javax.sql.DataSource;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.actuate.health.HealthIndicator;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.context.annotation.Bean;

/** Boot 3.5: adds the health of Synod's databases to {@code /actuator/health}, unless {@code management.health.synod.enabled=false}. */
@AutoConfiguration(afterName = "org.springframework.boot.autoconfigure.jdbc.DataSourceAutoConfiguration")
@ConditionalOnClass(HealthIndicator.class)
@ConditionalOnBean(DataSource.class)
@ConditionalOnProperty(name = "management.health.synod.enabled", matchIfMissing = true)
public class Boot3HealthAutoConfiguration {
    /** Made by Spring Boot. */
    public Boot3HealthAutoConfiguration() {}

    @Bean
    @ConditionalOnMissingBean(name = "synodHealthIndicator")
    HealthIndicator synodHealthIndicator(ObjectProvider<DataSource> dataSources) {
        return new Boot3HealthIndicator(dataSources.orderedStream().toList());
    }
}
