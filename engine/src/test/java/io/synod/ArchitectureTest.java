package io.synod;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

/** The floors of this module (docs/architecture.md): who may import what. */
class ArchitectureTest {
    private static final String[] FLOORS = {
        "federation", "writeset", "snapshot", "database", "global", "session", "server", "node", "operations"
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

    /** Calcite is loaded with the first query over several databases; an application with one never meets it. */
    @Test
    void only_federation_knows_calcite() {
        noClasses()
                .that()
                .resideOutsideOfPackage("io.synod.engine.federation")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("org.apache.calcite..")
                .check(CLASSES);
    }

    /** It runs on sessions that are handed to it. */
    @Test
    void federation_knows_h2_and_calcite_only() {
        noClasses()
                .that()
                .resideInAPackage("io.synod.engine.federation")
                .should()
                .dependOnClassesThat(JavaClass.Predicates.resideInAPackage("io.synod..")
                        .and(JavaClass.Predicates.resideOutsideOfPackage("io.synod.engine.federation")))
                .check(CLASSES);
    }
}
