package io.synod.spring;

import org.springframework.boot.SpringApplication;
import org.springframework.core.Ordered;
import org.springframework.core.env.ConfigurableEnvironment;

/** Boot 3.5: the same as {@link SynodEnvironmentPostProcessor}, under the name that the interface had there. */
@SuppressWarnings({"deprecation", "removal"})
public final class Boot3EnvironmentPostProcessor
        implements org.springframework.boot.env.EnvironmentPostProcessor, Ordered {
    /** Called by Spring Boot. */
    public Boot3EnvironmentPostProcessor() {}

    @Override
    public void postProcessEnvironment(ConfigurableEnvironment environment, SpringApplication application) {
        DriverByUrl.apply(environment);
    }

    @Override
    public int getOrder() {
        return Ordered.LOWEST_PRECEDENCE;
    }
}
