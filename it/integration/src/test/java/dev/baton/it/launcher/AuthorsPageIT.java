package dev.baton.it.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.spi.SpiVersion;
import dev.baton.testkit.BatonProcess;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The plugin of the author's page is compiled, packaged and checked by the commands that stand there, and then serves.
 */
@Timeout(120)
class AuthorsPageIT {
    private static final Page PAGE = Page.read("spi/README.md");

    @TempDir
    Path folder;

    private String block(String language) {
        assertThat(PAGE.blocks(language)).as(language).hasSize(1);
        return PAGE.blocks(language).get(0);
    }

    @Test
    void shouldShowAPluginThatServes() throws Exception {
        Files.writeString(folder.resolve("Shout.java"), block("java"));
        Files.writeString(folder.resolve("manifest.txt"), block("properties"));
        Files.writeString(folder.resolve("baton.yaml"), block("yaml"));
        new Shell(folder).run(block(""));
        String anyPort = block("yaml").replaceAll("127\\.0\\.0\\.1:\\d+", "127.0.0.1:0")
                + "admin: { listen: \"127.0.0.1:0\" }\n";
        try (BatonProcess baton = BatonProcess.serve(folder, anyPort);
                Client client = Client.connect(baton.listener("loud"))) {
            client.send("hello\n");
            assertThat(client.finish().rest()).isEqualTo("HELLO?!\n");
        }
    }

    @Test
    void shouldNameTheVersionOfTheSpi() {
        assertThat(block("properties"))
                .contains("Baton-Spi-Version: " + SpiVersion.MAJOR + "." + SpiVersion.MINOR + "\n");
    }
}
