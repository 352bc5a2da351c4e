package dev.baton.plugin.admin;

import static org.assertj.core.api.Assertions.assertThat;

import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;

/** As {@link AdminFuzz}, with requests that nearly or wholly mean something. */
class AdminProperties {
    private static FuzzAdmin admin;

    @BeforeContainer
    static void start() throws Exception {
        admin = new FuzzAdmin();
    }

    @AfterContainer
    static void stop() throws Exception {
        admin.close();
    }

    @Property
    void everyRequestIsAnsweredWell(
            @ForAll("methods") String method,
            @ForAll("targets") String target,
            @ForAll("headers") String field,
            @ForAll("bodies") String body)
            throws Exception {
        admin.ask(method, target, field, body);
    }

    /** The other half: what is right acts, once. */
    @Property(tries = 50)
    void whatIsRightActs(
            @ForAll("actions") String target, @ForAll("graces") String grace, @ForAll("bodies") String body)
            throws Exception {
        boolean takesGrace = target.contains("stop") || target.contains("unbind");
        assertThat(admin.ask("POST", target + (takesGrace ? grace : ""), "", body)
                        .word())
                .isEqualTo("200");
    }

    /** What is not known is not passed over. */
    @Property(tries = 50)
    void whatIsMisspeltDoesNot(
            @ForAll("actions") String target, @ForAll("misspelt") String query, @ForAll("bodies") String body)
            throws Exception {
        assertThat(admin.ask("POST", target + query, "", body).word()).isEqualTo("400");
    }

    @Provide
    Arbitrary<String> misspelt() {
        return Arbitraries.of(
                "?grase=0", "?Grace%20=0", "?x=y&grace=24h", "?grace=1m&timeout=1s", "?grace=1m&grace=2m", "?a");
    }

    @Provide
    Arbitrary<String> methods() {
        return Arbitraries.of(
                "GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "CONNECT", "post", "A-B");
    }

    @Provide
    Arbitrary<String> actions() {
        return Arbitraries.of(
                "/v1/stop",
                "/v1/stop/",
                "/v1/listeners/web/suspend",
                "/v1/listeners/web/resume",
                "/v1/listeners/web/unbind",
                "/v1/listeners/a%2Fb%20c/resume",
                "/v1/listeners/%77eb/unbind/");
    }

    @Provide
    Arbitrary<String> graces() {
        return Arbitraries.of("", "?grace=0", "?grace=30s", "?grace=250ms", "?grace=24h");
    }

    @Provide
    Arbitrary<String> targets() {
        Arbitrary<String> piece = Arbitraries.oneOf(
                Arbitraries.of(
                        "/",
                        "/v1",
                        "/v1/",
                        "status",
                        "loops",
                        "fds",
                        "orphans",
                        "listeners",
                        "pools",
                        "plugins",
                        "/stop",
                        "/metrics",
                        "/live",
                        "/ready",
                        "web",
                        "suspend",
                        "resume",
                        "unbind",
                        "/v1/loops",
                        "/dashboard/",
                        "main.js",
                        "/1/retire",
                        "..",
                        "%",
                        "%2",
                        "%2e%2E/",
                        "%00",
                        "%ff",
                        "%C3%28",
                        "%u0041",
                        "+",
                        "?",
                        "?grace=",
                        "30s",
                        "&",
                        "=",
                        ";",
                        "#",
                        "*",
                        "http://a",
                        "//",
                        "\\"),
                Arbitraries.chars().range('!', '\u00ff').map(String::valueOf));
        Arbitrary<String> any = piece.list().ofMinSize(1).ofMaxSize(8).map(pieces -> String.join("", pieces));
        Arbitrary<String> changed = Combinators.combine(
                        actions(), graces(), piece, Arbitraries.integers().between(0, 40))
                .as((action, grace, extra, at) -> {
                    String target = action + grace;
                    int place = Math.min(at, target.length());
                    return target.substring(0, place) + extra + target.substring(place);
                });
        return Arbitraries.oneOf(any, changed, actions());
    }

    @Provide
    Arbitrary<String> headers() {
        return Arbitraries.of(
                "",
                "",
                "",
                "Origin: http://evil\r\n",
                "Accept: text/html\r\n",
                "Content-Type: application/json\r\n",
                "Content-Type: multipart/form-data\r\n",
                "Upgrade: websocket\r\nSec-WebSocket-Key: x\r\n",
                "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n",
                "Expect: 100-continue\r\n",
                "Cookie: a\r\n");
    }

    @Provide
    Arbitrary<String> bodies() {
        return Arbitraries.oneOf(
                Arbitraries.just(""),
                Arbitraries.of("{}", "grace=1s", "{\"grace\":", "POST /v1/stop HTTP/1.1\r\nHost: a\r\n\r\n"),
                Arbitraries.chars().range('\0', '\u00ff').list().ofMaxSize(100).map(chars -> {
                    StringBuilder body = new StringBuilder();
                    chars.forEach(body::append);
                    return body.toString();
                }));
    }
}
