package dev.baton.runtime.config;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.code_intelligence.jazzer.junit.FuzzTest;

/**
 * What {@link ConfigTextFuzz} says, of texts that begin with what is right: most others fail before a key is looked at.
 * A class of its own, because Jazzer searches with one test a JVM.
 */
class ConfigBodyFuzz {

    @FuzzTest(maxDuration = "2m")
    void anyTextBehindAVersion(byte[] bytes) {
        FuzzConfig.read("version: 1\n" + new String(bytes, UTF_8));
    }
}
