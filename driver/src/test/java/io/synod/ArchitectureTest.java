package io.synod;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

/** The driver alone on a class path is a thin remote driver: H2 and the JDK, nothing else. */
class ArchitectureTest {
    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages("io.synod", "org.h2.engine");

    @Test
    void driver_needs_h2_and_the_jdk_only() {
        classes()
                .that()
                .resideInAPackage("io.synod..")
                // Loaded by Flyway and by Liquibase, where they are.
                .and()
                .resideOutsideOfPackages("io.synod.jdbc.flyway", "io.synod.jdbc.liquibase")
                .should()
                .onlyDependOnClassesThat()
                .resideInAnyPackage("java..", "javax..", "org.h2..", "io.synod.jdbc..")
                .check(CLASSES);
        noClasses()
                .that()
                .resideInAPackage("io.synod..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("io.synod.engine..")
                .check(CLASSES);
    }
}
