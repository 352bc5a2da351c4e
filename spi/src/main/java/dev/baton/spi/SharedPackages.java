package dev.baton.spi;

import java.util.List;

/**
 * The packages that plugins share with the runtime: the SPI and what stands in its signatures. A plugin's class loader
 * takes their classes from the runtime; everything else comes from the plugin's own jars or the JDK.
 */
public final class SharedPackages {
    /** The packages, each with all packages below it. */
    public static final List<String> NAMES = List.of(
            "dev.baton.spi",
            "io.netty.buffer",
            "io.netty.channel",
            "io.netty.util",
            // TLS, whose native library belongs to one class loader:
            "io.netty.handler.ssl",
            "io.netty.internal.tcnative",
            // In the same jar, and what HTTP/2 codecs refer to:
            "io.netty.handler.logging",
            // To open a channel to a name:
            "io.netty.bootstrap",
            "io.netty.resolver",
            "io.vertx.core",
            "com.google.inject",
            "jakarta.inject",
            "org.slf4j",
            "org.jspecify");

    private SharedPackages() {}

    /** True if a class of this binary name is in a shared package. */
    public static boolean contain(String className) {
        for (String each : NAMES) {
            if (className.length() > each.length()
                    && className.charAt(each.length()) == '.'
                    && className.startsWith(each)) {
                return true;
            }
        }
        return false;
    }
}
