package dev.baton.it.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.testkit.BatonProcess;
import dev.baton.testkit.BatonProcess.Outcome;
import dev.baton.testkit.TestCertificates;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * What the operator's guide says is true: its commands are run, page by page, against one server; its configurations
 * are checked; its tables have the keys, metrics, events, paths and commands that there are.
 */
@Timeout(180)
class GuideIT {
    private static final String DOC = "runtime/dist/doc";
    private static final Page INDEX = Page.read(DOC + "/README.md");

    /** The sections that an example of the guide leaves out. */
    private static final Map<String, String> BASE = Map.of(
            "version",
            "version: 1\n",
            "admin",
            "admin: { listen: \"127.0.0.1:0\" }\n",
            "listeners",
            "listeners: { web: { bind: \"127.0.0.1:0\", service: shop } }\n",
            "services",
            "services: { shop: { type: http, upstream: app } }\n",
            "upstreams",
            "upstreams: { app: { servers: [\"127.0.0.1:9001\"] } }\n");

    /** What the commands of the guide ask. */
    private static final String SERVER = """
            version: 1
            loops: 2
            admin: { listen: "127.0.0.1:0" }
            listeners:
              web: { bind: "127.0.0.1:0", service: shop }
              origin: { bind: "127.0.0.1:0", service: page }
            services:
              shop: { type: http, upstream: app }
              page: { type: http, routes: [ { handler: demo-origin } ] }
            upstreams:
              app: { servers: ["listener:origin"] }
            plugins: { enable: [chaos] }
            """;

    /** A key at the beginning of a line, and what is under it. */
    private static final Pattern SECTION = Pattern.compile("(?m)^([a-z-]+):.*\\n(?: .*\\n)*");

    /** Keys that the record lets be absent: its constructor, or what uses it, says what the guide says. */
    private static final Set<String> SETTLED_LATER = Set.of("mode", "method", "path", "status");

    private static final String NONE = "zzzzzzzzzzzz";
    private static final Pattern UNKNOWN_KEY =
            Pattern.compile("unknown key '" + NONE + "' (?:at the top level|in ([\\w.\\[\\]-]+)); there is: (.*)");
    private static final Pattern TYPES = Pattern.compile("there is no service type '" + NONE + "'; there is: (.*)");

    @TempDir
    Path folder;

    /** The pages, in the order of the index. */
    private static List<Page> pages() {
        List<Page> pages = new ArrayList<>(List.of(INDEX));
        INDEX.links().stream()
                .distinct()
                .filter(link -> link.endsWith(".md"))
                .map(link -> Page.read(DOC + "/" + link))
                .forEach(pages::add);
        return pages;
    }

    // ---- pages
    // --------------------------------------------------------------------------------------------------------

    @Test
    void shouldBeWholeInTheDistribution() throws Exception {
        Set<String> written = files(Page.checkout().resolve(DOC));
        assertThat(files(BatonProcess.distribution().resolve("doc"))).isEqualTo(written);
        Set<String> pictures =
                written.stream().filter(each -> each.endsWith(".png")).collect(Collectors.toSet());
        assertThat(pages().stream().flatMap(page -> page.links().stream()))
                .as("each picture is in a page")
                .containsAll(pictures);
        written.removeAll(pictures);
        assertThat(pages().stream().map(page -> page.file().getFileName().toString()))
                .as("the index lists them all")
                .containsExactlyInAnyOrderElementsOf(written);
        for (Page page : pages()) {
            assertThat(page.links())
                    .as("%s needs nothing outside of the distribution", page)
                    .noneMatch(link -> link.startsWith(".."));
        }
    }

    private static Set<String> files(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).collect(Collectors.toCollection(TreeSet::new));
        }
    }

    // ---- commands
    // -----------------------------------------------------------------------------------------------------

    @Test
    void shouldRunEveryCommand() throws Exception {
        int commands = 0;
        try (BatonProcess server = BatonProcess.serve(folder, SERVER)) {
            String admin = server.admin();
            try {
                for (Page page : pages()) {
                    for (String line : page.commands()) {
                        run(page, line, admin);
                        commands++;
                    }
                }
            } finally {
                // The process that serves by now: an upgrade is among them.
                Outcome stop = BatonProcess.run(folder, "stop", "--now", "--admin", admin);
                assertThat(stop.text()).contains("stopped: ");
            }
            assertThat(server.exitCode()).isZero();
        }
        assertThat(commands).isGreaterThan(10);
    }

    private void run(Page page, String line, String admin) throws Exception {
        if (line.startsWith("curl ")) {
            List<String> words = List.of(line.replace("'", "").split(" ", -1));
            URI uri = URI.create(words.get(words.size() - 1));
            assertThat(uri.getAuthority()).as(line).isEqualTo("127.0.0.1:9901");
            String path = uri.getPath() + (uri.getQuery() == null ? "" : "?" + uri.getQuery());
            HttpResponse<String> answer =
                    line.startsWith("curl -X POST ") ? Client.post(admin, path, "") : Client.get(admin, path);
            assertThat(answer.statusCode())
                    .as("%s: %s: %s", page, line, answer.body())
                    .isEqualTo(200);
            return;
        }
        assertThat(line).as("%s", page).startsWith("baton ");
        String[] arguments = Stream.of(line.split(" ", -1)).skip(1).toArray(String[]::new);
        if (arguments.length > 1
                && List.of("listener", "loops", "upstream", "certificates", "view", "do", "rehearse")
                        .contains(arguments[0])) {
            Outcome outcome = Commands.ofDistribution(Stream.concat(Stream.of(arguments), Stream.of("--admin", admin))
                    .toArray(String[]::new));
            assertThat(outcome.code())
                    .as("%s: %s: %s", page, line, outcome.text())
                    .isZero();
            return;
        }
        Path launcher = BatonProcess.distribution().resolve("bin/baton");
        try (BatonProcess command = BatonProcess.launch(launcher, folder, Map.of("BATON_ADMIN", admin), arguments)) {
            if (arguments[0].equals("run")) { // it serves until it is told to stop
                command.await(printed -> printed.startsWith("ready in "));
                command.signal("TERM");
            }
            Outcome outcome = command.outcome();
            assertThat(outcome.code())
                    .as("%s: %s: %s", page, line, outcome.text())
                    .isZero();
        }
    }

    @Test
    void shouldNameEveryCommand() {
        Outcome help = Commands.run("--help");
        String list = help.text()
                .substring(help.text().indexOf("Commands:"), help.text().indexOf("Exit codes:"));
        Page running = Page.read(DOC + "/running.md");
        List<String> commands = Pattern.compile("(?m)^  ([a-z]+) ")
                .matcher(list)
                .results()
                .map(match -> match.group(1))
                .filter(command -> !command.equals("help"))
                .toList();
        assertThat(commands)
                .hasSizeGreaterThan(10)
                .allSatisfy(command -> assertThat(running.text()).containsPattern("`" + command + "[` ]"));
    }

    // ---- configuration
    // ------------------------------------------------------------------------------------------------

    /** Examples that have no section in common go into one file: each check is the start of a JVM. */
    @Test
    void shouldShowConfigurationsThatAreRight() throws Exception {
        Files.createDirectory(folder.resolve("plugins"));
        for (String each : List.of("web", "web-rsa", "api", "clients", "ca")) {
            TestCertificates.selfSigned(folder, each, each + ".example.com");
        }
        Files.writeString(folder.resolve("external.key"), "c2VjcmV0\n");
        Files.writeString(folder.resolve("tokens"), "deploy act token-of-those-who-deploy\n");
        Files.setPosixFilePermissions(folder.resolve("tokens"), PosixFilePermissions.fromString("rw-------"));
        List<Map<String, String>> files = new ArrayList<>();
        int examples = 0;
        for (Page page : pages()) {
            for (String example : page.blocks("yaml")) {
                Map<String, String> sections = sections(example);
                Map<String, String> free = files.stream()
                        .filter(file -> Collections.disjoint(file.keySet(), sections.keySet()))
                        .findFirst()
                        .orElse(null);
                if (free == null) {
                    files.add(sections);
                } else {
                    free.putAll(sections);
                }
                examples++;
            }
        }
        assertThat(examples).isGreaterThan(10);
        for (Map<String, String> file : files) {
            BASE.forEach(file::putIfAbsent);
            String whole = String.join("", file.values());
            Files.writeString(folder.resolve("baton.yaml"), whole);
            Outcome check = Commands.ofDistribution(
                    "check", "-c", folder.resolve("baton.yaml").toString());
            assertThat(check.code()).as("%s\n%s", whole, check.text()).isZero();
        }
    }

    /** The sections of a configuration, each with its text. */
    private static Map<String, String> sections(String yaml) {
        Map<String, String> sections = new LinkedHashMap<>();
        SECTION.matcher(yaml).results().forEach(section -> sections.put(section.group(1), section.group()));
        assertThat(String.join("", sections.values())).isEqualTo(yaml);
        return sections;
    }

    /** A key is asked for that no section has: each says which ones it has. */
    @Test
    void shouldListEveryKeyAndNoOther() throws Exception {
        String enable = "plugins: { enable: [chaos], " + NONE + ": 1 }\n";
        String first = check("version: 1\n" + NONE + ": 1\nservices:\n  s: { type: " + NONE + " }\n" + enable);
        List<String> top = keys(first).get("");
        StringBuilder second = new StringBuilder("version: 1\n" + enable + "services:\n");
        MatchResult types = TYPES.matcher(first).results().findFirst().orElseThrow(() -> new AssertionError(first));
        for (String type : types.group(1).split(", ", -1)) {
            if (type.equals("http-proxy")) {
                continue; // the former name of http
            }
            second.append("  ")
                    .append(type)
                    .append(": { type: ")
                    .append(type)
                    .append(", ")
                    .append(NONE)
                    .append(": 1, lane: { ")
                    .append(NONE)
                    .append(": 1 } }\n");
        }
        for (String key : top) {
            if (!List.of("version", "plugins", "services").contains(key)) {
                second.append(key).append(": { ").append(entry(key)).append(" }\n");
            }
        }
        Map<String, List<String>> keys = keys(check(second.toString()));
        Set<String> sections = new TreeSet<>(top);
        sections.removeIf(
                key -> !List.of("services", "listeners", "upstreams").contains(key) && !keys.containsKey(key));

        // Services of every type have this key, and the same keys in it.
        keys.keySet().removeIf(section -> section.endsWith(".lane") && !section.equals("services.http.lane"));
        Map<String, Integer> wanted = new TreeMap<>();
        keys.values().forEach(each -> each.forEach(key -> wanted.merge(key, 1, Integer::sum)));
        top.stream().filter(key -> !sections.contains(key)).forEach(key -> wanted.merge(key, 1, Integer::sum));
        wanted.remove("type");
        wanted.put("lane", 1);
        Map<String, Integer> listed = new TreeMap<>();
        Page page = Page.read(DOC + "/configuration.md");
        page.all(Pattern.compile("(?m)^\\| `([a-z0-9-]+)` \\|")).forEach(key -> listed.merge(key, 1, Integer::sum));
        assertThat(listed).as("how often each key has a row").isEqualTo(wanted);
        assertThat(wanted).hasSizeGreaterThan(40);
        assertThat(sections)
                .hasSizeGreaterThan(5)
                .allSatisfy(section -> assertThat(page.prose()).contains("`" + section));
    }

    @Test
    void shouldHaveTheReferenceOfTheConfiguration() throws Exception {
        Path file = Files.writeString(
                folder.resolve("baton.yaml"),
                SERVER.lines().filter(line -> line.startsWith("plugins:")).collect(Collectors.joining()) + "\n");
        ReferencePages.check(
                DOC + "/reference-configuration.md",
                Commands.ofDistribution("reference", "configuration", "-c", file.toString()));
    }

    /** Which section a table is about is told by its keys. */
    @Test
    void shouldSayTheDefaultsOfTheCode() {
        List<KeyTable> generated = KeyTable.generated(Page.read(DOC + "/reference-configuration.md"));
        List<KeyTable> written = KeyTable.written(Page.read(DOC + "/configuration.md"));
        assertThat(written).hasSizeGreaterThan(20);
        Set<String> settled = new TreeSet<>();
        List<String> different = new ArrayList<>();
        for (KeyTable table : written) {
            KeyTable code = generated.stream()
                    .max(Comparator.comparingDouble(table::likeness))
                    .orElseThrow();
            assertThat(table.likeness(code))
                    .as("the keys %s have a section", table.defaults().keySet())
                    .isGreaterThan(0.5);
            table.defaults().forEach((key, words) -> {
                String coded = code.defaults().get(key);
                if (coded == null || !isSame(words, coded)) {
                    if (SETTLED_LATER.contains(key)) {
                        settled.add(key);
                    } else {
                        different.add(key + ": " + words + " here, in the code " + coded);
                    }
                }
            });
        }
        assertThat(different).isEmpty();
        assertThat(settled).as("each exception is one").isEqualTo(SETTLED_LATER);
    }

    /**
     * Whether a table says what the code does: the same value, perhaps with words behind it; the same of "required",
     * "none" and "its defaults"; and words only where the code has no value, because it finds out later.
     */
    private static boolean isSame(String written, String coded) {
        Matcher value = Pattern.compile("(`[^`]*`).*").matcher(written);
        if (value.matches()) {
            return value.group(1).replace("\"", "").equals(coded.replace("\"", ""));
        }
        return List.of("required", "none", "its defaults").contains(written)
                ? written.equals(coded)
                : coded.equals("none");
    }

    private static String entry(String section) {
        String wrong = NONE + ": 1";
        return switch (section) {
            case "acme" -> wrong + ", external-account: { " + wrong + " }, certificates: [{ " + wrong + " }]";
            case "listeners" -> "each: { " + wrong + ", tls: { " + wrong + ", certificates: [{ " + wrong + " }] } }";
            case "upstreams" ->
                "each: { " + wrong + ", pool: { " + wrong + " }, tls: { " + wrong + " }, sticky: { " + wrong
                        + " }, check: { " + wrong + " }, eject: { " + wrong + " }, servers: [{ " + wrong + " }] }";
            default -> wrong;
        };
    }

    /** What a file that is wrong is told. */
    private String check(String yaml) throws Exception {
        Files.writeString(folder.resolve("baton.yaml"), yaml);
        Outcome check = BatonProcess.run(folder, "check");
        assertThat(check.code()).as(check.text()).isEqualTo(78);
        return check.text();
    }

    /** The keys of each section, by its path; of the top level by an empty one. */
    private static Map<String, List<String>> keys(String problems) {
        Map<String, List<String>> keys = new HashMap<>();
        UNKNOWN_KEY
                .matcher(problems)
                .results()
                .forEach(match -> keys.put(
                        match.group(1) == null ? "" : match.group(1),
                        List.of(match.group(2).split(", ", -1))));
        return keys;
    }

    // ---- metrics, events and paths
    // ------------------------------------------------------------------------------------

    @Test
    void shouldListEveryMetricAndEvent() throws Exception {
        Page metrics = Page.read(DOC + "/metrics.md");
        Set<String> counted = inSources(Pattern.compile("\"(baton_[a-z_]+)\""));
        assertThat(counted).hasSizeGreaterThan(30);
        assertThat(metrics.all(Pattern.compile("(?m)^\\| `(baton_[a-z_]+)` \\|")))
                .containsExactlyInAnyOrderElementsOf(counted);
        for (Page page : pages()) {
            assertThat(counted).as("%s", page).containsAll(page.all(Pattern.compile("\\b(baton_[a-z_]+[a-z])\\b")));
        }
        Set<String> events = inSources(Pattern.compile("@Name\\(\"(dev\\.baton\\.[A-Za-z]+)\"\\)"));
        assertThat(metrics.all(Pattern.compile("`(dev\\.baton\\.[A-Za-z]+)`")))
                .containsExactlyInAnyOrderElementsOf(events);
    }

    /** What a pattern's first group matches in the code of the distribution. */
    private static Set<String> inSources(Pattern pattern) throws IOException {
        Set<String> found = new TreeSet<>();
        for (String part : List.of("spi", "runtime", "plugins")) {
            try (Stream<Path> files = Files.walk(Page.checkout().resolve(part))) {
                // Not the templates of plugins, which are resources with sources in them, nor the examples.
                for (Path file : files.filter(each -> each.toString().contains("/src/main/java/")
                                && !each.toString().contains("/src/main/resources/")
                                && !each.toString().contains("/plugins/examples/")
                                && each.toString().endsWith(".java"))
                        .toList()) {
                    pattern.matcher(Files.readString(file)).results().forEach(match -> found.add(match.group(1)));
                }
            }
        }
        return found;
    }

    @Test
    void shouldListEveryPathOfTheAdminApi() throws Exception {
        String guide = pages().stream()
                .filter(page -> !page.file().getFileName().toString().startsWith(ReferencePages.PREFIX))
                .map(Page::text)
                .collect(Collectors.joining());
        try (BatonProcess server = BatonProcess.serve(folder, SERVER)) {
            JsonObject answer = new JsonObject(Client.get(server.admin(), "/").body());
            assertThat(answer.getJsonArray("paths"))
                    .hasSizeGreaterThan(15)
                    .allSatisfy(path -> assertThat(guide)
                            .as("%s", path)
                            .containsPattern(
                                    "`(GET |POST |DELETE )?" + Pattern.quote(shown(String.valueOf(path))) + "\\b"));
            // Of the same server, whose start costs a second.
            ReferencePages.check(
                    DOC + "/reference-api.md", Commands.run("reference", "api", "--admin", server.admin()));
            checkLabels(Commands.run("reference", "metrics", "--admin", server.admin()));
        }
    }

    /** Of the metrics that a process has at its start, the page names the labels. */
    private static void checkLabels(Outcome reference) {
        assertThat(reference.code()).as(reference.text()).isZero();
        Map<String, Set<String>> written = new HashMap<>();
        Pattern.compile("(?m)^\\| (`[a-z_`, ]+`) \\| ([a-z, ]*)\\| ")
                .matcher(Page.read(DOC + "/metrics.md").text())
                .results()
                .forEach(row -> Stream.of(row.group(1).replace("`", "").split(", ", -1))
                        .forEach(metric -> written.put(metric, words(row.group(2)))));
        List<MatchResult> rows = Pattern.compile("(?m)^\\| `([a-z_]+)` \\| [a-z]+ \\| ([a-z, ]*)\\| ")
                .matcher(reference.text())
                .results()
                .toList();
        assertThat(rows)
                .hasSizeGreaterThan(40)
                .allSatisfy(row ->
                        assertThat(written.get(row.group(1))).as(row.group(1)).isEqualTo(words(row.group(2))));
    }

    private static Set<String> words(String list) {
        return Stream.of(list.strip().split(", ", -1))
                .filter(word -> !word.isEmpty())
                .collect(Collectors.toSet());
    }

    /** Paths of actions of chaos are shown by their ends, after the first. */
    private static String shown(String path) {
        return path.equals("/v1/chaos/spin") ? "chaos/spin" : path;
    }
}
