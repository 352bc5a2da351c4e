package dev.baton.it.launcher;

import dev.baton.testkit.BatonProcess;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A page of the documentation. What its fenced blocks hold is told by their language: none for commands that are run in
 * their order, {@code yaml} for configurations, {@code text} for pictures and output.
 */
record Page(Path file, String text) {
    private static final Pattern BLOCK = Pattern.compile("(?ms)^```(\\w*)\\n(.*?)^```$");
    private static final Pattern FILE = Pattern.compile("`([^`\\s]+)`[^`]*$");
    private static final Pattern LINK = Pattern.compile("\\[[^\\]]*]\\(([^)\\s]+)\\)");
    private static final Pattern HEADING = Pattern.compile("(?m)^#+ (.*)$");

    /** The checkout whose distribution is tested: its folder is {@code runtime/target/baton-VERSION} there. */
    static Path checkout() {
        return BatonProcess.distribution().getParent().getParent().getParent();
    }

    /** Reads one of the checkout. */
    static Page read(String path) {
        return read(checkout().resolve(path));
    }

    private static Page read(Path file) {
        try {
            return new Page(file, Files.readString(file));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Every page of the checkout, sorted. */
    static List<Page> all() throws IOException {
        List<Page> pages = new ArrayList<>();
        for (String folder : List.of(".github", "it", "plugins", "runtime", "spi")) {
            try (Stream<Path> files = Files.find(
                    checkout().resolve(folder),
                    4,
                    (file, attributes) -> file.toString().endsWith(".md")
                            && Stream.of("target", "src")
                                    .noneMatch(name -> file.toString().contains("/" + name + "/")))) {
                files.sorted().map(Page::read).forEach(pages::add);
            }
        }
        pages.add(read("README.md"));
        return pages;
    }

    /**
     * A fenced block.
     *
     * @param language none for commands
     * @param file what stands in the last backticks of the text before it: where a reader saves it; empty if nothing
     *     does
     */
    record Block(String language, String text, String file) {}

    /** All blocks, in their order. */
    List<Block> blocks() {
        List<Block> blocks = new ArrayList<>();
        Matcher matcher = BLOCK.matcher(text);
        for (int before = 0; matcher.find(); before = matcher.end()) {
            Matcher file = FILE.matcher(text.substring(before, matcher.start()));
            blocks.add(new Block(matcher.group(1), matcher.group(2), file.find() ? file.group(1) : ""));
        }
        return blocks;
    }

    /** The blocks of a language. */
    List<String> blocks(String language) {
        return blocks().stream()
                .filter(block -> block.language().equals(language))
                .map(Block::text)
                .toList();
    }

    /** The lines of the blocks without a language. */
    List<String> commands() {
        return blocks("").stream().flatMap(String::lines).toList();
    }

    /** What it links to. */
    List<String> links() {
        return LINK.matcher(prose()).results().map(link -> link.group(1)).toList();
    }

    /** What a link can name behind {@code #}: the headings as GitHub writes them. */
    Set<String> anchors() {
        return HEADING.matcher(prose())
                .results()
                .map(heading -> heading.group(1).toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9 _-]", ""))
                .map(heading -> heading.replace(' ', '-'))
                .collect(Collectors.toSet());
    }

    /** The text between the blocks. */
    String prose() {
        return BLOCK.matcher(text).replaceAll("");
    }

    /** What a pattern's first group matches, in its order. */
    List<String> all(Pattern pattern) {
        Matcher matcher = pattern.matcher(text);
        return matcher.results().map((MatchResult match) -> match.group(1)).toList();
    }

    @Override
    public String toString() {
        return checkout().relativize(file).toString();
    }
}
