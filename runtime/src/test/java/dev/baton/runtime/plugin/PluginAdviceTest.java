package dev.baton.runtime.plugin;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What loads today and may not tomorrow, and what is in a plugin for nothing. */
class PluginAdviceTest extends PluginLoading {
    private static PluginJar good() {
        return PluginJar.plugin("good", "acme.Good")
                .entryPoint("acme.Good", "binder.unbindStrategy(\"never\", Unbind.class);");
    }

    private List<String> advice() throws PluginException {
        assertThat(load().failures()).isEmpty();
        try (PluginCandidate candidate = PluginCandidate.open(root.resolve("good"), temporary)) {
            assertThat(candidate.id()).isEqualTo("good");
            assertThat(candidate.version()).isEqualTo("1.2.3");
            return candidate.advice();
        }
    }

    @Test
    void shouldHaveNothingToSayOfAGoodPlugin() throws Exception {
        good().in(root.resolve("good"), "good.jar");
        assertThat(advice()).isEmpty();
    }

    @Test
    void shouldNameReferencesToWhatIsInternal() throws Exception {
        good().source(
                        "acme.Deep",
                        "package acme; final class Deep {"
                                + " int n() { return io.netty.util.internal.PlatformDependent.javaVersion(); } }")
                .in(root.resolve("good"), "good.jar");
        assertThat(advice())
                .singleElement()
                .asString()
                .contains(
                        "good.jar: class acme.Deep refers to io.netty.util.internal.PlatformDependent, which is internal");
    }

    @Test
    void shouldNameWhatOnlyBatonImplements() throws Exception {
        good().source(
                        "acme.Mine",
                        "package acme; abstract class Mine implements dev.baton.spi.upstream.Upstream {"
                                + " interface Ticks extends dev.baton.spi.metrics.Metrics.Counter {} }")
                .in(root.resolve("good"), "good.jar");
        assertThat(advice())
                .anyMatch(
                        each -> each.contains("class acme.Mine implements dev.baton.spi.upstream.Upstream, which only"))
                .anyMatch(
                        each -> each.contains("class acme.Mine$Ticks implements dev.baton.spi.metrics.Metrics$Counter"))
                .hasSize(2);
    }

    @Test
    void shouldNameCopiesOfWhatIsShared() throws Exception {
        Path folder = root.resolve("good");
        good().in(folder, "good.jar");
        new PluginJar()
                .source("org.jspecify.annotations.Mine", "package org.jspecify.annotations; public class Mine {}")
                .in(folder, "copy.jar");
        new PluginJar()
                .source("io.netty.util.Mine", "package io.netty.util; public class Mine {}")
                .source("other.Needed", "package other; public class Needed {}")
                .in(folder, "partly.jar");
        assertThat(advice())
                .singleElement()
                .asString()
                .contains("copy.jar has classes of org.jspecify, which Baton shares", "leave them out");
    }
}
