package dev.baton.plugin.admin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.baton.plugin.admin.dashboard.Frames;
import dev.baton.plugin.admin.dashboard.PageFile;
import dev.baton.spi.admin.Move;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The page, its files, and what it is sent. */
class DashboardTest extends AdminFixture {
    private static final String BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    /** What a file of the page asks for: by an element, or by an import. */
    private static final Pattern REFERENCE = Pattern.compile(
            "(?:href|src)=\"/dashboard/([^\"]+)\"" + "|from '(?:\\./|/dashboard/)([^']+)'|src: '/dashboard/([^']+)'");

    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private final List<Events> opened = new ArrayList<>();

    @AfterEach
    void close() throws Exception {
        for (Events each : opened) {
            each.close();
        }
    }

    /** A page's connection. */
    private final class Events implements AutoCloseable {
        private final Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port());
        private final BufferedReader lines =
                new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));

        Events() throws Exception {
            opened.add(this);
            socket.setSoTimeout((int) PATIENCE.toMillis());
            // Of HTTP/1.0, so that the answer has no chunks.
            socket.getOutputStream()
                    .write("GET /v1/events HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        }

        String head() throws Exception {
            StringBuilder head = new StringBuilder();
            for (String line = lines.readLine(); line != null && !line.isEmpty(); line = lines.readLine()) {
                head.append(line).append('\n');
            }
            return head.toString();
        }

        /** The next event of a name. */
        JsonObject next(String name) throws Exception {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                if (line.equals("event: " + name)) {
                    return new JsonObject(lines.readLine().substring("data: ".length()));
                }
            }
            throw new AssertionError("no " + name + " comes");
        }

        boolean isAtItsEnd() throws Exception {
            String line = lines.readLine();
            while (line != null) {
                line = lines.readLine();
            }
            return true;
        }

        @Override
        public void close() throws Exception {
            socket.close();
        }
    }

    @Test
    void shouldShowThePageToABrowserAndThePathsToAProgram() throws Exception {
        HttpResponse<String> page = send(request("/").header("Accept", BROWSER));
        assertThat(page.statusCode()).isEqualTo(200);
        assertThat(header(page, "content-type")).isEqualTo("text/html; charset=utf-8");
        assertThat(header(page, "vary")).isEqualToIgnoringCase("accept");
        assertThat(page.body()).contains("<title>Baton</title>", "/dashboard/main.js");
        for (String accept : List.of("application/json", "*/*")) {
            HttpResponse<String> paths = send(request("/").header("Accept", accept));
            assertThat(header(paths, "content-type")).isEqualTo("application/json");
            assertThat(paths.body()).contains("\"/v1/status\"", "\"/v1/events\"");
        }
    }

    @Test
    void shouldHaveEveryFileThatThePageRefersTo() throws Exception {
        Set<String> seen = new HashSet<>(Set.of(PageFile.INDEX));
        Deque<String> left = new ArrayDeque<>(seen);
        while (!left.isEmpty()) {
            String name = left.remove();
            HttpResponse<String> file = get("/dashboard/" + name);
            assertThat(file.statusCode()).as(name).isEqualTo(200);
            assertThat(header(file, "x-content-type-options")).isEqualTo("nosniff");
            Matcher matcher = REFERENCE.matcher(file.body());
            while (matcher.find()) {
                String found = matcher.group(1) != null
                        ? matcher.group(1)
                        : matcher.group(2) != null ? matcher.group(2) : matcher.group(3);
                if (seen.add(found)) {
                    left.add(found);
                }
            }
            String type = header(file, "content-type");
            String ending = name.substring(name.lastIndexOf('.') + 1);
            assertThat(type).as(name).contains(ending.equals("js") ? "javascript" : ending);
        }
        assertThat(seen).contains("main.js", "preact.js", "uplot.js", "uplot.css", "style.css", "icon.svg", "feed.js");
    }

    @Test
    void shouldServeNothingElse() throws Exception {
        for (String name : List.of(
                "PageFile.class",
                "none.js",
                "preact.LICENSE",
                "..%2FDashboard.class",
                "%2Fdev%2Fbaton%2Fplugin%2Fadmin%2Fdashboard%2Fmain.js",
                "main.js%00.js",
                "..")) {
            HttpResponse<String> answer = get("/dashboard/" + name);
            assertThat(answer.statusCode()).as(name).isEqualTo(404);
            assertThat(answer.body()).as(name).contains("\"error\"");
        }
    }

    @Test
    void shouldSendWhatAPageShows() throws Exception {
        Events events = new Events();
        assertThat(events.head()).contains("200 OK").containsIgnoringCase("content-type: text/event-stream");
        assertThat(events.next("hello")).isEqualTo(new JsonObject("{\"pid\":4711,\"version\":\"0.1.0\"}"));
        JsonObject pulse = events.next("pulse");
        assertThat(pulse.getJsonArray("loops").getJsonObject(1).getBoolean("blocked"))
                .isTrue();
        assertThat(pulse.getJsonArray("moves").encode())
                .isEqualTo("[{\"from\":1,\"to\":0,\"cause\":\"rescue\",\"count\":12}]");
        assertThat(pulse.getJsonArray("blocked").getJsonObject(0).getJsonArray("stack"))
                .contains("shop.Slow.handle(Slow.java:7)");
        JsonObject tables = events.next("tables");
        assertThat(tables.fieldNames())
                .contains("status", "top", "listeners", "upstreams", "pools", "orphans", "plugins", "upgrades");
        assertThat(tables.getJsonArray("upgrades").getJsonObject(0).getString("step"))
                .isEqualTo("asked");
        JsonObject later = events.next("tables");
        assertThat(later.getLong("at")).isGreaterThan(tables.getLong("at"));
    }

    @Test
    void shouldSendNoMoreThanCanBeShown() throws Exception {
        runtime.orphanCount = 1_000;
        List<Move> many = new ArrayList<>();
        for (int i = 0; i < 300; i++) {
            many.add(new Move(0, i, Move.Cause.USE, i));
        }
        many.add(new Move(5, 6, Move.Cause.RESCUE, 1));
        runtime.moves = many;
        Events events = new Events();
        JsonArray moves = events.next("pulse").getJsonArray("moves");
        assertThat(moves).hasSize(256);
        assertThat(moves.getJsonObject(0).getString("cause")).isEqualTo("rescue");
        assertThat(moves.getJsonObject(1).getInteger("to")).as("that of most").isEqualTo(299);
        assertThat(events.next("tables").getJsonArray("orphans")).hasSize(Frames.ROWS_MAX);
    }

    @Test
    void shouldWorkNothingOutWhileNoPageIsOpen() throws Exception {
        assertThat(runtime.counting).hasValue(0);
        Events first = new Events();
        first.next("pulse");
        Events second = new Events();
        second.next("pulse");
        assertThat(runtime.counting).as("one count for both").hasValue(1);
        first.close();
        second.next("tables");
        assertThat(runtime.counting).hasValue(1);
        second.close();
        await().atMost(PATIENCE).until(() -> runtime.counting.get() == 0);
    }

    @Test
    void shouldRefuseOnePageTooMany() throws Exception {
        for (int i = 0; i < Dashboard.PAGES_MAX; i++) {
            new Events().next("hello");
        }
        HttpResponse<String> refused = get("/v1/events");
        assertThat(refused.statusCode()).isEqualTo(503);
        assertThat(refused.body()).contains("16 dashboards are open already");
    }

    @Test
    void shouldEndEveryPageWhenTheServerStops() throws Exception {
        Events events = new Events();
        events.next("pulse");
        restart();
        assertThat(events.isAtItsEnd()).isTrue();
        assertThat(runtime.counting).hasValue(0);
    }

    @Test
    void shouldShowBlockedLoopsAndUpgradesToProgramsToo() throws Exception {
        assertThat(get("/v1/blocked").body())
                .isEqualTo("[{\"loop\":1,\"for-ms\":120,\"running\":[{\"fd\":17,\"generation\":3,\"plugin\":\"http\"}],"
                        + "\"stack\":[\"shop.Slow.handle(Slow.java:7)\"]}]");
        assertThat(get("/v1/upgrades").body())
                .isEqualTo("[{\"at\":1764570000000,\"pid\":4711,\"step\":\"asked\",\"detail\":\"\"}]");
    }
}
