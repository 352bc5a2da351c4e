package dev.baton.plugin.httpfilters;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.plugin.http.HttpPlugin;
import dev.baton.testkit.world.HttpFilterInEachWorld;
import dev.baton.testkit.world.HttpMessage;
import dev.baton.testkit.world.HttpOrigin;
import dev.baton.testkit.world.HttpPeer;
import dev.baton.testkit.world.InEachWorld;
import dev.baton.testkit.world.PluginWorld;
import dev.baton.testkit.world.Where;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.io.TempDir;

/** Each filter in a whole server: as a user configures it, with clients and a server that the test plays. */
class HttpFiltersWorldTest {

    /** What the tests of all filters share. */
    abstract static class Filter extends HttpFilterInEachWorld {
        @TempDir
        Path folder;

        Filter() {
            super(HttpPlugin.class, HttpFiltersPlugin.class);
        }

        /** Quoted for a configuration. */
        String file(String name, String text) {
            try {
                return "\"" + Files.writeString(folder.resolve(name), text) + "\"";
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    @Nested
    class RequestIds extends Filter {
        @Override
        protected String filter() {
            return "request-id";
        }

        @InEachWorld
        void shouldTellServerAndClientTheSameId(PluginWorld world) {
            HttpOrigin origin = start(world);
            HttpPeer client = world.http("web").send("GET /", "X-Request-Id: mine");
            String first = origin.serve(200, "").field("X-Request-Id");
            assertThat(client.receive().field("X-Request-Id")).isEqualTo(first).matches("[0-9a-f]{32}");
            client.send("GET /");
            assertThat(origin.serve(200, "").field("X-Request-Id")).isNotEqualTo(first);
        }
    }

    @Nested
    class ChangedHeaders extends Filter {
        @Override
        protected String filter() {
            return "{ type: headers, request: { set: { X-Who: edge } }, response: { remove: [X-Secret] } }";
        }

        @InEachWorld
        void shouldChangeBothHeads(PluginWorld world) {
            HttpOrigin origin = start(world);
            HttpPeer client = world.http("web").send("GET /", "X-Who: me");
            assertThat(origin.serve(200, "", "X-Secret: 1", "X-Open: 2").fields("X-Who"))
                    .containsExactly("edge");
            HttpMessage response = client.receive();
            assertThat(response.field("X-Secret")).isEmpty();
            assertThat(response.field("X-Open")).isEqualTo("2");
        }
    }

    @Nested
    class Tokens extends Filter {
        @Override
        protected String filter() {
            return "{ type: bearer, tokens: %s, user-field: X-User }".formatted(file("tokens", "secret-1 ali\n"));
        }

        @Override
        protected List<String> admitted() {
            return List.of("Authorization: Bearer secret-1");
        }

        @InEachWorld
        void shouldAskForATokenAndNameIt(PluginWorld world) {
            HttpOrigin origin = start(world);
            HttpPeer client = world.http("web").send("GET /", "Authorization: Bearer secret-2");
            HttpMessage refused = client.receive();
            assertThat(refused.status()).isEqualTo(401);
            assertThat(refused.field("WWW-Authenticate")).startsWith("Bearer ").contains("invalid_token");
            client.send("GET /", "Authorization: Bearer secret-1", "X-User: root");
            assertThat(origin.serve(200, "").fields("X-User")).containsExactly("ali");
            assertThat(client.receive().status()).isEqualTo(200);
        }
    }

    /** Its callbacks run on workers, since a hash takes long. */
    @Nested
    class Passwords extends Filter {
        private static final String USERS = "ali:$2y$04$abcdefghijklmnopqrstuu/LVz6MZlItEy42I2juLihZ66HnQx/cy\n";

        @Override
        protected String filter() {
            return "{ type: basic-auth, users: %s, user-field: X-User }".formatted(file("users", USERS));
        }

        @Override
        protected List<String> admitted() {
            return List.of(credentials("open sesame"));
        }

        private static String credentials(String password) {
            byte[] pair = ("ali:" + password).getBytes(StandardCharsets.UTF_8);
            return "Authorization: Basic " + Base64.getEncoder().encodeToString(pair);
        }

        @InEachWorld
        void shouldAskForAPassword(PluginWorld world) {
            HttpOrigin origin = start(world);
            HttpPeer client = world.http("web").send("GET /", credentials("open barley"));
            HttpMessage refused = client.receive();
            assertThat(refused.status()).isEqualTo(401);
            assertThat(refused.field("WWW-Authenticate")).startsWith("Basic realm=\"baton\"");
            client.send("GET /", credentials("open sesame"));
            assertThat(origin.serve(200, "").field("X-User")).isEqualTo("ali");
            assertThat(client.receive().status()).isEqualTo(200);
        }

        /** What was read before the worker is done waits its turn. */
        @InEachWorld
        void shouldAnswerPipelinedRequestsInOrder(PluginWorld world) {
            HttpOrigin origin = start(world);
            HttpPeer client = world.http("web");
            client.send("GET /1", credentials("open barley"))
                    .send("GET /2", credentials("open sesame"))
                    .send("GET /3");
            assertThat(client.receive().status()).isEqualTo(401);
            assertThat(origin.serve(200, "two").target()).isEqualTo("/2");
            assertThat(client.receive().text()).isEqualTo("two");
            assertThat(client.receive().status()).isEqualTo(401);
        }
    }

    @Nested
    class RateLimits extends Filter {
        @Override
        protected String filter() {
            return "{ type: rate-limit, rate: 1/s, burst: 10 }";
        }

        @InEachWorld(worlds = Where.SIMULATION, because = "it lasts for seconds")
        void shouldAllowSoManyASecond(PluginWorld world) {
            HttpOrigin origin = start(world);
            HttpPeer client = world.http("web");
            for (int i = 0; i < 10; i++) {
                client.send("GET /");
                origin.serve(200, "");
                assertThat(client.receive().status()).isEqualTo(200);
            }
            HttpMessage refused = client.send("GET /").receive();
            assertThat(refused.status()).isEqualTo(429);
            assertThat(refused.field("Retry-After")).isEqualTo("1");
            world.pass(Duration.ofSeconds(1));
            client.send("GET /");
            origin.serve(200, "");
            assertThat(client.receive().status()).isEqualTo(200);
        }
    }

    @Nested
    class LongBodies extends Filter {
        @Override
        protected String filter() {
            return "{ type: max-body, limit: 30B }";
        }

        @InEachWorld
        void shouldRefuseThem(PluginWorld world) {
            HttpOrigin origin = start(world);
            HttpPeer says = world.http("web").sendWithBody("x".repeat(31), "POST /");
            assertThat(says.receive().status()).isEqualTo(413);

            HttpPeer doesNotSay = world.http("web").sendHead("POST /").sendChunk("x".repeat(20));
            HttpPeer server = origin.accept();
            server.connection().readUntil("x");
            doesNotSay.sendChunk("x".repeat(20));
            assertThat(doesNotSay.receive().status()).isEqualTo(413);
            assertThat(server.connection().readAll()).as("no end of the body").doesNotContain("0\r\n\r\n");
        }
    }

    @Nested
    class OtherOrigins extends Filter {
        private static final String PAGE = "Origin: https://app.example.com";

        @Override
        protected String filter() {
            return "{ type: cors, origins: [\"https://app.example.com\"], methods: [PUT] }";
        }

        @InEachWorld
        void shouldAnswerAPreflightItself(PluginWorld world) {
            HttpOrigin origin = start(world);
            HttpPeer browser = world.http("web").send("OPTIONS /", PAGE, "Access-Control-Request-Method: PUT");
            HttpMessage preflight = browser.receive();
            assertThat(preflight.status()).isEqualTo(204);
            assertThat(preflight.field("Access-Control-Allow-Methods")).isEqualTo("PUT");
            browser.send("PUT /", PAGE);
            assertThat(origin.serve(200, "").method()).isEqualTo("PUT");
            assertThat(browser.receive().field("Access-Control-Allow-Origin")).isEqualTo("https://app.example.com");
        }
    }

    @Nested
    class Compression extends Filter {
        @Override
        protected String filter() {
            return "{ type: compress, min-size: 0B }";
        }

        @Override
        protected List<String> admitted() {
            return List.of("Accept-Encoding: gzip");
        }

        @Override
        protected String decoded(HttpMessage response) {
            assertThat(response.field("Content-Encoding")).isEqualTo("gzip");
            try (GZIPInputStream in = new GZIPInputStream(new ByteArrayInputStream(response.bytes()))) {
                return new String(in.readAllBytes(), StandardCharsets.UTF_8);
            } catch (IOException e) {
                throw new AssertionError(response.toString(), e);
            }
        }

        @InEachWorld
        void shouldSaveBytesOfClientsThatCanDecode(PluginWorld world) {
            HttpOrigin origin = start(world);
            String page = "0123456789".repeat(1_000);
            HttpPeer client = world.http("web").send("GET /", "Accept-Encoding: gzip");
            origin.serve(200, page, "Content-Type: text/html");
            HttpMessage small = client.receive();
            assertThat(small.bytes()).hasSizeLessThan(1_000);
            assertThat(decoded(small)).isEqualTo(page);
            client.send("GET /");
            origin.serve(200, page, "Content-Type: text/html");
            assertThat(client.receive().text()).isEqualTo(page);
        }
    }

    @Nested
    class Pages extends Filter {
        @Override
        protected String filter() {
            return "{ type: error-pages, pages: { 5xx: { text: sorry } } }";
        }

        @InEachWorld
        void shouldReplaceErrorsOfServersAndOfTheServiceItself(PluginWorld world) {
            HttpOrigin origin = start(world);
            HttpPeer client = world.http("web").send("GET /");
            origin.serve(503, "stack trace", "Retry-After: 7");
            HttpMessage page = client.receive();
            assertThat(page.status()).isEqualTo(503);
            assertThat(page.text()).isEqualTo("sorry");
            assertThat(page.field("Retry-After")).isEqualTo("7");
            origin.close();
            HttpMessage unreachable = client.send("GET /").receive();
            assertThat(unreachable.status()).isEqualTo(502);
            assertThat(unreachable.text()).isEqualTo("sorry");
        }
    }

    /** A thread of its own writes the file: the test looks when that has ended. */
    @Nested
    class Logs extends Filter {
        @Override
        protected String filter() {
            return "{ type: access-log, file: \"%s\" }".formatted(folder.resolve("access.log"));
        }

        @InEachWorld
        void shouldHaveALineOfEachExchangeWhenTheServerHasEnded(PluginWorld world) throws IOException {
            HttpOrigin origin = start(world);
            HttpPeer client = world.http("web").send("GET /one");
            origin.serve(200, "hello");
            client.receive();
            client.send("GET /two");
            origin.accept();
            client.connection().reset();
            world.stop();
            assertThat(Files.readAllLines(folder.resolve("access.log")))
                    .satisfiesExactly(
                            line -> assertThat(line).contains("/one", "200"),
                            line -> assertThat(line).contains("/two", "client-aborted"));
        }
    }
}
