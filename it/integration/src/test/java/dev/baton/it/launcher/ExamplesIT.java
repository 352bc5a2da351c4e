package dev.baton.it.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.testkit.BatonProcess;
import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The pages of the examples have the code that is tested, and what they say to do works. */
@Timeout(120)
class ExamplesIT {
    private static final String EXAMPLES = "plugins/examples";
    private static final int LINES_MAX = 149;
    private static final int PORT_MAX = 65_535;
    private static final int PORTS = 100;

    @TempDir
    Path folder;

    static List<String> examples() throws IOException {
        try (Stream<Path> files = Files.list(Page.checkout().resolve(EXAMPLES))) {
            return files.filter(each -> Files.exists(each.resolve("pom.xml")))
                    .map(each -> each.getFileName().toString())
                    .sorted()
                    .toList();
        }
    }

    private static Page page(String example) {
        return Page.read(EXAMPLES + "/" + example + "/README.md");
    }

    private static Path source(String example) throws IOException {
        Path main = Page.checkout().resolve(EXAMPLES).resolve(example).resolve("src/main/java");
        try (Stream<Path> files = Files.walk(main)) {
            List<Path> sources = files.filter(each -> each.toString().endsWith("Plugin.java"))
                    .toList();
            assertThat(sources).as(example).hasSize(1);
            return sources.get(0);
        }
    }

    private static String block(Page page, String language) {
        assertThat(page.blocks(language)).as("%s: %s", page, language).hasSize(1);
        return page.blocks(language).get(0);
    }

    @ParameterizedTest
    @MethodSource("examples")
    void shouldShowTheCodeThatIsTested(String example) throws Exception {
        String code = Files.readString(source(example));
        assertThat(block(page(example), "java")).isEqualTo(code);
        assertThat(code.lines()).as("lines, so that it is read in minutes").hasSizeLessThanOrEqualTo(LINES_MAX);
    }

    @Test
    void shouldBeListedAndNotShipped() throws Exception {
        assertThat(examples()).hasSizeGreaterThan(4).allSatisfy(example -> {
            assertThat(Page.read("spi/README.md").links()).contains("../plugins/examples/" + example + "/README.md");
            assertThat(Page.read("plugins/README.md").links()).contains("examples/" + example + "/README.md");
            assertThat(BatonProcess.distribution().resolve("plugins").resolve(example))
                    .doesNotExist();
        });
    }

    /** The commands of the page, and then the configuration of the page, on ports that are free. */
    @Tag("long")
    @ParameterizedTest
    @MethodSource("examples")
    void shouldBeMadeAndServeAsItsPageSays(String example) throws Exception {
        Page page = page(example);
        Files.writeString(folder.resolve(source(example).getFileName()), block(page, "java"));
        Files.writeString(folder.resolve("manifest.txt"), block(page, "properties"));
        Files.writeString(folder.resolve("baton.yaml"), block(page, "yaml"));
        shell(block(page, ""));
        String yaml = block(page, "yaml")
                .replaceAll("(bind: \"|listen: \")127\\.0\\.0\\.1:\\d+", "$1127.0.0.1:0")
                .replaceAll("range@127\\.0\\.0\\.1:\\d+-\\d+", "range@127.0.0.1:" + freeRange());
        String admin = yaml.contains("admin:") ? "" : "admin: { listen: \"127.0.0.1:0\" }\n";
        try (BatonProcess baton = BatonProcess.serve(folder, yaml + admin)) {
            used(example, baton);
        }
    }

    private static void used(String example, BatonProcess baton) throws Exception {
        switch (example) {
            case "line-protocol" ->
                assertThat(answer(baton.listener("words"), "loop\nfd\n")).isEqualTo("a thread\nno such word\n");
            case "bearer-tokens" -> {
                String get = "GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n";
                assertThat(answer(baton.listener("web"), get + "\r\n")).startsWith("HTTP/1.1 401 ");
                assertThat(answer(baton.listener("web"), get + "Authorization: Bearer open sesame\r\n\r\n"))
                        .startsWith("HTTP/1.1 200 ");
            }
            case "fd-census" -> {
                assertThat(Client.get(baton.admin(), "/v1/census").body().replace(" ", ""))
                        .containsPattern("\"kind\":\"listener\",\"open\":[1-9]");
                assertThat(Client.post(baton.admin(), "/v1/census/forget?kind=downstream", "")
                                .body()
                                .replace(" ", ""))
                        .contains("\"kinds\":1");
                assertThat(Client.get(baton.admin(), "/metrics").body())
                        .containsPattern("baton_census_peak\\{kind=\"listener\"} [1-9]");
            }
            case "newest-first" ->
                assertThat(Client.get(baton.admin(), "/v1/plugins").body()).contains("takeover-policy newest-first");
            case "port-range" -> assertThat(baton.text()).contains("range@127.0.0.1:");
            default -> throw new AssertionError("nothing is shown of " + example);
        }
    }

    /** It begins at a port that is free now. Where that is taken meanwhile, the next one is free. */
    private static String freeRange() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            int first = Math.min(socket.getLocalPort(), PORT_MAX - PORTS);
            return first + "-" + (first + PORTS);
        }
    }

    private static String answer(String address, String text) throws Exception {
        try (Client client = Client.connect(address)) {
            client.send(text);
            return client.finish().rest();
        }
    }

    private void shell(String commands) throws Exception {
        Path output = folder.resolve("output.txt");
        ProcessBuilder builder = new ProcessBuilder("sh", "-euc", commands)
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile());
        Map<String, String> environment = builder.environment();
        String java = System.getProperty("java.home");
        environment.put("JAVA_HOME", java);
        environment.put("PATH", java + "/bin" + File.pathSeparator + environment.get("PATH"));
        environment.put("BATON", BatonProcess.distribution().toString());
        Process process = builder.start();
        try {
            boolean ended = process.waitFor(60, TimeUnit.SECONDS);
            String text = Files.readString(output, StandardCharsets.UTF_8);
            assertThat(ended).as(text).isTrue();
            assertThat(process.exitValue()).as(text).isZero();
        } finally {
            process.destroyForcibly();
        }
    }
}
