package dev.baton.it.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.testkit.BatonProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Follows a page from its first block to its last, as a reader does.
 *
 * <pre>
 * block                       what is done
 * without a language          its commands are run; where the last of them is {@code baton run}, that goes on
 * {@code java}, {@code yaml}  it is saved as the file that the text before it names
 * {@code xml}                 it is put into the file that the text before it names, in front of {@code <repositories>}
 * {@code text}                is what the commands before it have printed
 * </pre>
 *
 * <p>Only {@code 127.0.0.1} is another address of this machine: on that one, others have the page's ports.
 */
final class PageSteps implements AutoCloseable {
    private static final String LOOPBACK = "127.0.0.1";
    private static final String RUN = "\"$BATON/bin/baton\" run\n";
    private static final String PLACE = "  <repositories>\n";

    private final Page page;
    private final Shell shell;
    private final String address;
    private String printed = "";
    private BatonProcess server;

    PageSteps(Page page, Shell shell, String address) {
        this.page = page;
        this.shell = shell;
        this.address = address;
    }

    /** Follows it. */
    void follow() throws IOException, InterruptedException {
        for (Page.Block block : page.blocks()) {
            switch (block.language()) {
                case "" -> run(block.text().replace(LOOPBACK, address));
                case "yaml" -> save(block, block.text().replace(LOOPBACK, address));
                case "java" -> save(block, block.text());
                case "xml" -> {
                    String file = Files.readString(shell.folder().resolve(block.file()));
                    assertThat(file).as(block.file()).containsOnlyOnce(PLACE);
                    save(block, file.replace(PLACE, block.text() + "\n" + PLACE));
                }
                case "text" ->
                    assertThat(narrow(printed))
                            .as("%s: what is printed", page)
                            .isEqualTo(narrow(block.text().replace(LOOPBACK, address)));
                default -> throw new AssertionError(page + ": nothing is known of blocks of " + block.language());
            }
        }
        assertThat(server).as("%s: the plugin is run", page).isNotNull();
        assertThat(page.blocks("text")).as("%s: what the plugin does", page).isNotEmpty();
    }

    private void run(String commands) throws IOException, InterruptedException {
        boolean serves = commands.endsWith(RUN);
        printed = shell.run(serves ? commands.substring(0, commands.length() - RUN.length()) : commands);
        if (serves) {
            server = BatonProcess.start(shell.folder(), "run");
            server.await(line -> line.startsWith("ready in "));
        }
    }

    private void save(Page.Block block, String text) throws IOException {
        Path file = shell.folder().resolve(block.file());
        assertThat(file.getFileName().toString())
                .as("%s: the file in which this is saved: %s", page, block.text())
                .endsWith("." + block.language());
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
    }

    /** Columns of a table are as wide as their longest word. */
    private static String narrow(String text) {
        return text.replaceAll(" +", " ");
    }

    @Override
    public void close() {
        if (server != null) {
            server.close();
        }
    }
}
