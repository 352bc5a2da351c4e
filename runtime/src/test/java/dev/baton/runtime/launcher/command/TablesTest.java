package dev.baton.runtime.launcher.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import org.junit.jupiter.api.Test;

/** How JSON becomes a table for a person. */
class TablesTest {

    @Test
    void shouldAlignTextToTheLeftAndNumbersToTheRight() {
        JsonArray rows = new JsonArray("""
                [{"name": "web", "in-use": 7}, {"name": "origin-a", "in-use": 1200}]""");
        assertThat(Tables.of(rows, "none").lines())
                .containsExactly("NAME      IN-USE", "web            7", "origin-a    1200");
    }

    @Test
    void shouldShowWhatIsNoPlainValue() {
        JsonArray rows = new JsonArray("""
                [{"a": null, "b": [1, 2], "c": {"fd": 7, "plugin": "x"}, "d": ""}, {"a": "y"}]""");
        assertThat(Tables.of(rows, "none").lines())
                .containsExactly(
                        "A  B     C               D", "-  1, 2  fd 7, plugin x  -", "y  -     -               -");
    }

    @Test
    void shouldShowAServerOfAnUpstreamInARow() {
        JsonArray upstreams = new JsonArray("""
                [{"name": "app", "balance": "round-robin", "servers": [
                    {"server": "a:1", "state": "drain", "weight": 3}, {"server": "b:1", "state": "ready", "weight": 1}]},
                 {"name": "none", "balance": "hash-client", "servers": []}]""");
        assertThat(Tables.of(TableCommands.Upstreams.rows(upstreams), "none").lines())
                .containsExactly(
                        "UPSTREAM  BALANCE      SERVER  STATE  WEIGHT",
                        "app       round-robin  a:1     drain       3",
                        "app       round-robin  b:1     ready       1");
    }

    @Test
    void shouldSayThatThereIsNothing() {
        assertThat(Tables.of(new JsonArray(), "no orphans")).isEqualTo("no orphans");
    }

    @Test
    void shouldShowAnObjectAsLines() {
        assertThat(Tables.of(new JsonObject("{\"pid\": 42, \"state\": \"ready\"}"))
                        .lines())
                .containsExactly("pid    42", "state  ready");
    }
}
