package io.synod.jdbc;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.List;
import org.junit.jupiter.api.Test;

class ArchitectureTest {
    private static final JavaClasses DRIVER = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages("io.synod");

    @Test
    void the_driver_needs_java_and_h2_only() {
        classes()
                .that()
                .resideOutsideOfPackages("io.synod.jdbc.flyway", "io.synod.jdbc.liquibase")
                .should()
                .onlyDependOnClassesThat()
                .resideInAnyPackage(
                        "java..",
                        "javax.sql..",
                        "javax.naming..",
                        "javax.transaction.xa..",
                        "org.h2..",
                        "io.synod.jdbc")
                .check(DRIVER);
    }

    @Test
    void what_serves_a_library_needs_that_library_and_the_public_driver_only() {
        for (String library : List.of("flyway", "liquibase")) {
            classes()
                    .that()
                    .resideInAPackage("io.synod.jdbc." + library)
                    .should()
                    .onlyDependOnClassesThat()
                    .resideInAnyPackage(
                            "java..",
                            "io.synod.jdbc",
                            "io.synod.jdbc." + library,
                            library + "..",
                            "org." + library + "db..")
                    .check(DRIVER);
        }
    }

    @Test
    void only_opening_node_question_and_internals_know_sockets() {
        noClasses()
                .that()
                .doNotHaveSimpleName("Opening")
                .and()
                .doNotHaveSimpleName("RemoteInternals")
                .and()
                .doNotHaveSimpleName("NodeQuestion")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("java.net..")
                .check(DRIVER);
    }
}
