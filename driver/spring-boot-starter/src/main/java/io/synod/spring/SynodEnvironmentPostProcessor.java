package io.synod.spring;

import org.springframework.boot.EnvironmentPostProcessor;
import org.springframework.boot.SpringApplication;
import org.springframework.core.Ordered;
import org.springframework.core.env.ConfigurableEnvironment;

/** Boot 4: an application's {@code jdbc:synod:} URLs need no driver class beside them. Found by {@code spring.factories}. */
public final class SynodEnvironmentPostProcessor implements EnvironmentPostProcessor, Ordered {
    /** Called by Spring Boot. */
    public SynodEnvironmentPostProcessor() {}

    @Override
    public void postProcessEnvironment(ConfigurableEnvironment environment, SpringApplication application) {
        DriverByUrl.apply(environment);
    }

    /** After the application's configuration files have been read. */
    @Override
    public int getOrder() {
        return Ordered.LOWEST_PRECEDENCE;
    }
}
