package io.synod.sample;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.resilience.annotation.EnableResilientMethods;

/** Takes orders over HTTP and keeps them with JPA. Nothing here knows which database that is; the URL does. */
@SpringBootApplication
@EnableResilientMethods
public class SampleApplication {
    /** Made by Spring. */
    public SampleApplication() {}

    public static void main(String[] arguments) {
        SpringApplication.run(SampleApplication.class, arguments);
    }
}
