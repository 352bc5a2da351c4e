package dev.baton.it.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What the pages of the documentation refer to is there. */
@Timeout(60)
class PagesIT {
    private static final Pattern PATH = Pattern.compile("`((?:it|spi|runtime|plugins)(?!/target)(?:/[\\w.-]+)+)`");

    private static final Pattern IMPORT =
            Pattern.compile("(?m)^import (?:static )?dev\\.baton\\.runtime\\.([a-z]+)\\.");
    private static final Pattern ROOM = Pattern.compile("(?m)^\\| `([a-z]+)` \\| [^|]+ \\|([a-z, ]*)\\|$");

    @Test
    void shouldLinkToPagesAndHeadingsThatExist() throws Exception {
        int links = 0;
        for (Page page : Page.all()) {
            for (String link : page.links()) {
                if (link.startsWith("https://") || link.startsWith("http://")) {
                    continue;
                }
                String[] parts = link.split("#", 2);
                Path target = parts[0].isEmpty()
                        ? page.file()
                        : page.file().resolveSibling(parts[0]).normalize();
                assertThat(target).as("%s links to %s", page, link).exists();
                if (parts.length == 2) {
                    String other = Page.checkout().relativize(target).toString();
                    assertThat(Page.read(other).anchors())
                            .as("%s links to %s", page, link)
                            .contains(parts[1]);
                }
                links++;
            }
        }
        assertThat(links).isGreaterThan(50);
    }

    @Test
    void shouldNamePathsThatExist() throws Exception {
        int paths = 0;
        for (Page page : Page.all()) {
            List<String> named = page.all(PATH).stream()
                    .filter(path -> !path.contains("/target/")) // what builds and tests leave
                    .toList();
            assertThat(named)
                    .as("%s", page)
                    .allSatisfy(
                            path -> assertThat(Page.checkout().resolve(path)).exists());
            paths += named.size();
        }
        assertThat(paths).isGreaterThan(5);
    }

    /** The table of the runtime's rooms has each package, with the packages that it imports from. */
    @Test
    void shouldDrawTheArrowsOfTheRooms() throws Exception {
        Path root = Page.checkout().resolve("runtime/src/main/java/dev/baton/runtime");
        Map<String, Set<String>> imported = new TreeMap<>();
        try (Stream<Path> files = Files.walk(root)) {
            for (Path file :
                    files.filter(each -> each.toString().endsWith(".java")).toList()) {
                String room = root.relativize(file).getName(0).toString();
                Set<String> uses = imported.computeIfAbsent(room, name -> new TreeSet<>());
                IMPORT.matcher(Files.readString(file))
                        .results()
                        .map(match -> match.group(1))
                        .filter(other -> !other.equals(room))
                        .forEach(uses::add);
            }
        }
        Map<String, Set<String>> drawn = new TreeMap<>();
        ROOM.matcher(Page.read("runtime/README.md").text())
                .results()
                .forEach(row -> drawn.put(
                        row.group(1),
                        Stream.of(row.group(2).split("[, ]+", -1))
                                .filter(other -> !other.isEmpty())
                                .collect(Collectors.toCollection(TreeSet::new))));
        assertThat(drawn).isEqualTo(imported);
    }
}
