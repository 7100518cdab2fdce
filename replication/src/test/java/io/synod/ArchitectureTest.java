package io.synod;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

/** The floors of this module (docs/architecture.md): who may import what. */
class ArchitectureTest {
    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages("io.synod");

    @Test
    void packages_import_lower_floors_only() {
        layeredArchitecture()
                .consideringOnlyDependenciesInLayers()
                .layer("group")
                .definedBy("io.synod.group")
                .layer("paxos")
                .definedBy("io.synod.paxos")
                .layer("log")
                .definedBy("io.synod.log")
                .layer("transport")
                .definedBy("io.synod.transport")
                .layer("replica")
                .definedBy("io.synod.replica")
                .whereLayer("replica")
                .mayNotBeAccessedByAnyLayer()
                .whereLayer("transport")
                .mayOnlyBeAccessedByLayers("replica")
                .whereLayer("log")
                .mayOnlyBeAccessedByLayers("replica")
                .whereLayer("paxos")
                .mayOnlyBeAccessedByLayers("transport", "replica")
                .check(CLASSES);
        slices().matching("io.synod.(*)..").should().beFreeOfCycles().check(CLASSES);
    }

    @Test
    void protocol_is_pure() {
        noClasses()
                .that()
                .resideInAnyPackage("io.synod.group", "io.synod.branch", "io.synod.paxos")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        "java.net..",
                        "java.nio.channels..",
                        "java.nio.file..",
                        "java.util.concurrent..",
                        "net.openhft..",
                        "org.slf4j..")
                .orShould()
                .dependOnClassesThat()
                .belongToAnyOf(Thread.class, java.util.Random.class)
                .orShould()
                .callMethod(System.class, "nanoTime")
                .orShould()
                .callMethod(System.class, "currentTimeMillis")
                .check(CLASSES);
        noClasses()
                .that()
                .resideInAPackage("io.synod.paxos")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("java.io..")
                .check(CLASSES);
    }

    @Test
    void public_classes_of_the_protocol_are_final_or_values() {
        classes()
                .that()
                .resideInAPackage("io.synod.paxos")
                .and()
                .arePublic()
                .and()
                .areNotInterfaces()
                .and()
                .areNotEnums()
                .should()
                .haveModifier(JavaModifier.FINAL)
                .check(CLASSES);
    }

    @Test
    void libraries_stay_where_they_belong() {
        noClasses()
                .that()
                .resideOutsideOfPackage("io.synod.log")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("net.openhft..")
                .check(CLASSES);
        noClasses()
                .that()
                .resideOutsideOfPackages("io.synod.transport")
                .should()
                .dependOnClassesThat()
                .haveNameMatching("java\\.net\\.(Server)?Socket.*")
                .check(CLASSES);
        noClasses()
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("org.h2..", "io.synod.jdbc..", "io.synod.engine..")
                .check(CLASSES);
    }
}
