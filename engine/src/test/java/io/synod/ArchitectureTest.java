package io.synod;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

/** The floors of this module (docs/architecture.md): who may import what. */
class ArchitectureTest {
    private static final String[] FLOORS = {
        "writeset", "snapshot", "database", "session", "server", "node", "operations"
    };

    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages("io.synod.engine");

    @Test
    void packages_import_lower_floors_only() {
        for (int i = 0; i < FLOORS.length; i++) {
            for (int above = i + 1; above < FLOORS.length; above++) {
                noClasses()
                        .that()
                        .resideInAPackage("io.synod.engine." + FLOORS[i] + "..")
                        .should()
                        .dependOnClassesThat()
                        .resideInAPackage("io.synod.engine." + FLOORS[above] + "..")
                        .allowEmptyShould(true)
                        .check(CLASSES);
            }
        }
        slices().matching("io.synod.engine.(*)..").should().beFreeOfCycles().check(CLASSES);
    }

    @Test
    void h2_internals_stay_below_the_node() {
        noClasses()
                .that()
                .resideInAnyPackage("io.synod.engine.operations..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("org.h2.engine..", "org.h2.table..", "org.h2.mvstore..", "org.h2.command..")
                .allowEmptyShould(true)
                .check(CLASSES);
    }

    @Test
    void only_the_node_wires_log_and_transport() {
        noClasses()
                .that()
                .resideOutsideOfPackage("io.synod.engine.node")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("io.synod.log..", "io.synod.transport..")
                .check(CLASSES);
    }
}
