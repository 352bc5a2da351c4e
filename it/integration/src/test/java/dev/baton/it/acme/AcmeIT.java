package dev.baton.it.acme;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.baton.plugin.acme.FakeAuthority;
import dev.baton.runtime.launcher.command.Baton;
import dev.baton.spi.tls.Pem;
import dev.baton.testkit.BatonProcess;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A process that begins without a certificate, gets one, and hands over to the next one, which has it already. */
@Timeout(120)
class AcmeIT {
    @TempDir
    Path folder;

    private static int port(String address) {
        return Integer.parseInt(address.substring(address.lastIndexOf(':') + 1));
    }

    /** A command, in this JVM. */
    private static String baton(String... arguments) {
        StringWriter text = new StringWriter();
        PrintWriter out = new PrintWriter(text);
        Baton.execute(out, out, arguments);
        return text.toString();
    }

    private String curl(int port) throws Exception {
        Process process = new ProcessBuilder(
                        "curl",
                        "-sS",
                        "--max-time",
                        "30",
                        "--cacert",
                        "root.crt",
                        "--resolve",
                        "shop.test:" + port + ":127.0.0.1",
                        "https://shop.test:" + port + "/")
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .start();
        String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        return text;
    }

    private String mode(String file) throws Exception {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.resolve(file)));
    }

    @Test
    void shouldGetACertificateAndHandItOver() throws Exception {
        try (FakeAuthority authority = new FakeAuthority()) {
            Files.writeString(folder.resolve("root.crt"), Pem.write(List.of(authority.root())));
            Files.writeString(folder.resolve("baton.yaml"), """
                    version: 1
                    loops: 2
                    admin: { listen: "127.0.0.1:0" }
                    acme:
                      directory: "%s"
                      folder: acme
                      terms-agreed: true
                      certificates: [ { names: [shop.test] } ]
                    listeners:
                      plain: { bind: "127.0.0.1:0", service: shop }
                      web: { bind: "127.0.0.1:0", service: shop, tls: {} }
                    services:
                      shop: { type: http, filters: [acme], routes: [ { respond: { status: 200, body: "hello" } } ] }
                    """.formatted(authority.directory()));
            try (BatonProcess baton =
                    BatonProcess.launch(BatonProcess.distribution().resolve("bin/baton"), folder, "run")) {
                baton.await(line -> line.startsWith("ready in "));
                assertThat(baton.text()).contains("acme at 127.0.0.1:", "(0 of 1 certificate in ");
                String admin = baton.admin();
                int web = port(baton.listener("web"));
                authority.check(port(baton.listener("plain")), web);
                await().atMost(Duration.ofSeconds(30))
                        .untilAsserted(() -> assertThat(baton("view", "acme", "--admin", admin))
                                .as("%s", authority)
                                .contains("valid"));
                assertThat(curl(web)).isEqualTo("hello");
                assertThat(mode("acme")).isEqualTo("rwx------");
                assertThat(baton("certificates", "--admin", admin)).contains("acme:shop.test");
                int issued = authority.issued().size();
                try {
                    assertThat(baton("upgrade", "--admin", admin)).startsWith("upgraded");
                    assertThat(curl(web)).isEqualTo("hello");
                    assertThat(baton.exitCode()).isZero();
                    await().atMost(Duration.ofSeconds(10))
                            .untilAsserted(() -> assertThat(baton("view", "acme", "--admin", admin))
                                    .contains("valid")
                                    .doesNotContain("another process"));
                    assertThat(authority.issued()).as("it had one").hasSize(issued);
                } finally {
                    baton("stop", "--now", "--admin", admin); // the process that serves by now
                }
            }
        }
    }
}
