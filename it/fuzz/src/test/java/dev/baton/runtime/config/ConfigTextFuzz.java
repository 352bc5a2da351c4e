package dev.baton.runtime.config;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.code_intelligence.jazzer.junit.FuzzTest;

/**
 * Any text is a configuration or has problems, each at a place of the text; nothing else happens, and nothing for long.
 */
class ConfigTextFuzz {

    @FuzzTest(maxDuration = "2m")
    void anyText(byte[] bytes) {
        // A file that is no UTF-8 is refused before; what does not decode becomes U+FFFD here, a character like others.
        FuzzConfig.read(new String(bytes, UTF_8));
    }
}
