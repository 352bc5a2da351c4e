package dev.baton.runtime.plugin;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a plugin shares with the runtime and what it has to itself. */
class PluginClassLoaderTest {
    private static final ClassLoader RUNTIME = PluginClassLoader.class.getClassLoader();

    @TempDir
    Path root;

    private PluginClassLoader loader(String id, Path... jars) throws PluginException {
        return new PluginClassLoader(id, PluginJars.open(List.of(jars)), RUNTIME);
    }

    /** {@code cp} writes a new version into the file of the old one, while the old one runs. */
    @Test
    void aJarThatIsOverwrittenIsReadAsItWas() throws Exception {
        Path jar = library("one", "first");
        try (PluginClassLoader loader = loader("one", jar)) {
            Files.write(jar, Files.readAllBytes(library("two", "second")));
            assertThat(call(loader)).isEqualTo("first");
            Files.write(jar, new byte[10]);
            assertThat(new String(
                            Objects.requireNonNull(loader.getResource("who.txt"))
                                    .openStream()
                                    .readAllBytes(),
                            UTF_8))
                    .isEqualTo("one.jar");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "dev.baton.spi.Plugin",
                "dev.baton.spi.fd.Fd",
                "io.netty.buffer.ByteBuf",
                "io.netty.channel.Channel",
                "io.netty.util.concurrent.Promise",
                "io.netty.bootstrap.Bootstrap",
                "io.netty.resolver.NameResolver",
                "io.vertx.core.Vertx",
                "com.google.inject.Binder",
                "jakarta.inject.Inject",
                "org.slf4j.Logger",
                "org.jspecify.annotations.Nullable",
                "java.util.List"
            })
    void isTheRuntimesOwn(String name) throws Exception {
        try (PluginClassLoader loader = loader("a")) {
            assertThat(loader.loadClass(name)).isSameAs(Class.forName(name, false, RUNTIME));
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "dev.baton.runtime.plugin.PluginLoader",
                "io.netty.handler.codec.http.HttpRequest",
                "com.google.common.collect.ImmutableList",
                "org.yaml.snakeyaml.Yaml",
                "picocli.CommandLine",
                "ch.qos.logback.classic.Logger",
                "jnr.posix.POSIX",
                "org.junit.jupiter.api.Test"
            })
    void isNotVisible(String name) throws Exception {
        assertThat(Class.forName(name, false, RUNTIME)).isNotNull();
        try (PluginClassLoader loader = loader("a")) {
            assertThatThrownBy(() -> loader.loadClass(name)).isInstanceOf(ClassNotFoundException.class);
        }
    }

    private Path library(String id, String word) throws IOException {
        return new PluginJar()
                .source(
                        "lib.Word",
                        "package lib; public class Word implements java.util.concurrent.Callable<String> {"
                                + " public String call() { return \"" + word + "\"; } }")
                .in(root.resolve(id), id + ".jar");
    }

    @Test
    void twoPluginsHaveTheirOwnVersionsOfOneLibrary() throws Exception {
        try (PluginClassLoader one = loader("one", library("one", "first"));
                PluginClassLoader two = loader("two", library("two", "second"))) {
            assertThat(call(one)).isEqualTo("first");
            assertThat(call(two)).isEqualTo("second");
            assertThat(one.loadClass("lib.Word")).isSameAs(one.loadClass("lib.Word"));
        }
    }

    private static Object call(ClassLoader loader) throws Exception {
        return ((Callable<?>)
                        loader.loadClass("lib.Word").getDeclaredConstructor().newInstance())
                .call();
    }

    /** A library that the runtime has too: the plugin's own comes first, whatever version the runtime has. */
    @Test
    void itsOwnLibraryComesBeforeTheRuntimes() throws Exception {
        Path jar = new PluginJar()
                .source("picocli.CommandLine", "package picocli; public class CommandLine {}")
                .in(root.resolve("own"), "own.jar");
        try (PluginClassLoader loader = loader("own", jar)) {
            assertThat(loader.loadClass("picocli.CommandLine").getClassLoader()).isSameAs(loader);
        }
    }

    /** A copy of the SPI in a plugin's jar would make its plugin class implement another Plugin. */
    @Test
    void aCopyOfTheSpiInAPluginIsIgnored() throws Exception {
        Path jar = new PluginJar()
                .source("dev.baton.spi.Plugin", "package dev.baton.spi; public interface Plugin {}")
                .in(root.resolve("copy"), "copy.jar");
        try (PluginClassLoader loader = loader("copy", jar)) {
            assertThat(loader.loadClass("dev.baton.spi.Plugin").getClassLoader())
                    .isSameAs(RUNTIME);
        }
    }

    /** For example Netty's unix channels: shared by name, but nothing that this runtime has. */
    @Test
    void whatIsSharedButMissingComesFromThePlugin() throws Exception {
        Path jar = new PluginJar()
                .source("io.netty.channel.odd.Odd", "package io.netty.channel.odd; public class Odd {}")
                .in(root.resolve("odd"), "odd.jar");
        try (PluginClassLoader loader = loader("odd", jar)) {
            assertThat(loader.loadClass("io.netty.channel.odd.Odd").getClassLoader())
                    .isSameAs(loader);
        }
    }

    @Test
    void resourcesAreThePluginsOwn() throws Exception {
        try (PluginClassLoader loader = loader("one", library("one", "x"))) {
            assertThat(new String(
                            Objects.requireNonNull(loader.getResourceAsStream("who.txt"))
                                    .readAllBytes(),
                            UTF_8))
                    .isEqualTo("one.jar");
            assertThat(Collections.list(loader.getResources("who.txt"))).hasSize(1);
            assertThat(loader.getResource("dev/baton/runtime/plugin/PluginLoader.class"))
                    .isNull();
        }
    }
}
