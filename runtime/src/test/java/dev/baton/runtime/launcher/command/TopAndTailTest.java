package dev.baton.runtime.launcher.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;

class TopAndTailTest {
    private static JsonObject exchange() {
        return new JsonObject()
                .put("at", "2026-11-30T12:00:01.234Z")
                .put("service", "shop")
                .put("route", "/*")
                .put("server", "10.0.0.1:80")
                .put("client", "192.0.2.7:5000")
                .put("method", "GET")
                .put("path", "/a")
                .put("status", 200)
                .put("request-bytes", 0)
                .put("response-bytes", 1_234)
                .put("first-byte-ms", 1.5)
                .put("total-ms", 7.25)
                .put("outcome", "complete");
    }

    @Test
    void shouldShowAnExchangeInALine() {
        assertThat(TailCommand.readable(exchange().encode()))
                .matches("[0-9]{2}:[0-9]{2}:01\\.234  200  GET /a  7\\.25 ms \\(first byte 1\\.5 ms\\)  1234 B"
                        + "  shop /\\*  10\\.0\\.0\\.1:80  from 192\\.0\\.2\\.7:5000");
        JsonObject gone = exchange()
                .put("status", 0)
                .putNull("server")
                .putNull("first-byte-ms")
                .put("outcome", "client-aborted");
        assertThat(TailCommand.readable(gone.encode()))
                .endsWith("  ---  GET /a  7.25 ms  1234 B  shop /*  -  from 192.0.2.7:5000  client-aborted");
    }

    @Test
    void shouldNotLetAClientSteerTheTerminal() {
        String shown = TailCommand.readable(exchange()
                .put("path", "/\u001b[2J\r\n\u009b31m\u202e\ud800x")
                .put("method", "\u0007GET")
                .encode());
        assertThat(shown).contains("?GET /?[2J???31m??x");
        assertThat(TailCommand.readable("no JSON\u001b[2J")).isEqualTo("no JSON?[2J");
    }

    @Test
    void shouldSayHowManyWereDropped() {
        assertThat(TailCommand.readable("{\"dropped\":17}")).isEqualTo("... 17 more ended than could be shown");
    }

    private static JsonObject route(String name) {
        return new JsonObject()
                .put("service", "shop")
                .put("route", name)
                .put("requests-per-second", 12.5)
                .put("error-share", 0.0125)
                .put("p50-ms", 1.0)
                .put("p99-ms", 20.5)
                .put("p999-ms", 300.0)
                .put("first-byte-p50-ms", 0.5)
                .put("first-byte-p99-ms", 10.25)
                .put("first-byte-p999-ms", 150.0);
    }

    private static JsonObject top() {
        return new JsonObject()
                .put("window-ms", 9_960)
                .put("since-start", false)
                .put(
                        "routes",
                        new JsonArray().add(route("/slow")).add(route("/b")).add(route("/c")))
                .put(
                        "servers",
                        new JsonArray()
                                .add(new JsonObject()
                                        .put("service", "shop")
                                        .put("server", "10.0.0.1:80")
                                        .put("requests-per-second", 12.5)
                                        .putNull("in-use")
                                        .put("waiting", 7)
                                        .put("p50-ms", 1.0)
                                        .put("p99-ms", 20.5)
                                        .put("failures", 3)))
                .put(
                        "loops",
                        new JsonArray()
                                .add(new JsonObject()
                                        .put("id", 0)
                                        .put("utilisation", 0.256)
                                        .put("connections", 2)
                                        .put("tasks-queued", 0)
                                        .put("blocked", true)));
    }

    @Test
    void shouldDrawThreeTables() {
        assertThat(TopCommand.draw(top(), new TerminalSize(14, 81)).lines())
                .containsExactly(
                        "The last 10.0 s; times in ms, of the whole response and to its first byte",
                        "",
                        "SERVICE  ROUTE  REQ/S  5XX %  P50   P99  P99.9  FIRST P50  FIRST P99  FIRST P99.9",
                        "shop     /slow   12.5    1.3  1.0  20.5  300.0        0.5      10.25        150.0",
                        "shop     /b      12.5    1.3  1.0  20.5  300.0        0.5      10.25        150.0",
                        "and 1 more",
                        "",
                        "SERVICE  SERVER       IN USE  WAITING  REQ/S  P50   P99  FAILURES",
                        "shop     10.0.0.1:80  -             7   12.5  1.0  20.5         3",
                        "",
                        "LOOP  BUSY %  CONNECTIONS  TASKS  STATE",
                        "   0    25.6            2      0  BLOCKED");
    }

    @Test
    void shouldGiveTheTerminalToTheTablesThatHaveMostRows() {
        JsonObject top = top();
        JsonArray routes = top.getJsonArray("routes");
        for (int i = 0; i < 40; i++) {
            routes.add(routes.getJsonObject(0));
        }
        assertThat(TopCommand.draw(top, new TerminalSize(30, 200)).lines())
                .hasSize(28)
                .filteredOn(l -> l.startsWith("shop     /"))
                .hasSize(18);
        assertThat(TopCommand.draw(top, TerminalSize.UNLIMITED).lines()).hasSize(52);
        assertThat(TopCommand.draw(top, new TerminalSize(7, 10)).lines())
                .hasSize(7)
                .allMatch(line -> line.length() <= 10)
                .startsWith("The last 1");
    }

    @Test
    void shouldReadTheSizeThatSttyTells() {
        assertThat(TerminalSize.parse("50 132\n")).isEqualTo(new TerminalSize(50, 132));
        assertThat(TerminalSize.parse("0 0\n")).isEqualTo(new TerminalSize(24, 80));
        assertThat(TerminalSize.parse("")).isEqualTo(new TerminalSize(24, 80));
    }

    @Test
    void shouldSayThatThereIsNothing() {
        assertThat(TopCommand.draw(
                        new JsonObject().put("window-ms", 500).put("since-start", true), TerminalSize.UNLIMITED))
                .startsWith("Since the start: 0.5 s")
                .contains("no route had requests", "no server was asked");
    }

    @Test
    void shouldRefuseWhatIsNoStatusOrTime() {
        StringWriter errors = new StringWriter();
        PrintWriter out = new PrintWriter(new StringWriter());
        assertThat(Baton.execute(out, new PrintWriter(errors), "tail", "--status", "6xx"))
                .isEqualTo(2);
        assertThat(Baton.execute(out, new PrintWriter(errors), "tail", "--slower", "fast"))
                .isEqualTo(2);
        assertThat(errors.toString()).contains("'6xx' is no status", "--slower");
    }
}
