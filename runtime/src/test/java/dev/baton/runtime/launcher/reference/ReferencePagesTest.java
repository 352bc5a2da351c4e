package dev.baton.runtime.launcher.reference;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.json.JsonObject;
import org.junit.jupiter.api.Test;

/** What becomes of the documents of a process. */
class ReferencePagesTest {

    @Test
    void shouldListMetricsWithTheLabelsOfAllTheirSeries() {
        String page = MetricsReference.of("""
                # HELP baton_trees_total Trees that were \\\\shaken.
                # TYPE baton_trees_total counter
                baton_trees_total{kind="plum",how="a,b=\\"c\\"} 1"} 2.0
                baton_trees_total{kind="pear",where="x"} 3.0 1700000000
                # HELP baton_birds Birds.
                # TYPE baton_birds gauge
                baton_birds 4.0
                # HELP baton_song_seconds Songs.
                # TYPE baton_song_seconds histogram
                baton_song_seconds_bucket{bird="wren",le="0.5"} 1
                baton_song_seconds_count{bird="wren"} 1
                baton_song_seconds_sum{bird="wren"} 0.25
                """);
        assertThat(page.lines().filter(line -> line.startsWith("| `")))
                .containsExactly(
                        "| `baton_birds` | gauge | | Birds. |",
                        "| `baton_song_seconds` | histogram | bird | Songs. |",
                        "| `baton_trees_total` | counter | how, kind, where | Trees that were \\shaken. |");
    }

    @Test
    void shouldShowParametersBodiesAndAnswers() {
        String page = ApiReference.of(new JsonObject("""
                {"paths": {
                  "/v1/trees/{name}/shake": {"post": {
                    "summary": "shakes a tree",
                    "parameters": [
                      {"name": "name", "in": "path", "required": true, "schema": {"type": "string"}},
                      {"name": "how", "in": "query", "required": false, "description": "soft, hard",
                       "schema": {"type": "string", "default": "soft"}}],
                    "requestBody": {"description": "a word", "content": {"application/json": {}}},
                    "responses": {
                      "200": {"description": "done", "content": {"application/json": {"schema": {
                        "type": "array", "items": {"type": "object", "properties": {
                          "fell": {"type": "string", "enum": ["plum", "pear"], "nullable": true},
                          "birds": {"type": "array", "items": {"type": "object", "properties": {
                            "age-ms": {"type": "integer"}}}}}}}}}},
                      "409": {"description": "it failed"}}}},
                  "/live": {"get": {"summary": "200, or 503", "responses": {
                      "200": {"description": "done", "content": {"text/plain": {"schema": {"type": "string"}}}}}}}}}
                """));
        assertThat(page.substring(page.indexOf("\n## "))).isEqualTo("""

                ## `GET /live`

                200, or 503.

                Answers 200 with `text/plain`.

                ## `POST /v1/trees/NAME/shake`

                Shakes a tree.

                | parameter | in | type | default |
                |---|---|---|---|
                | `NAME` | path | text | required |
                | `how` | query | soft, hard | `soft` |

                Body: a word (`application/json`).

                Answers 200 with `application/json`.

                | field | type |
                |---|---|
                | `[].fell` | `plum`, `pear` or null |
                | `[].birds` | list of objects |
                | `[].birds[].age-ms` | number |

                | status | means |
                |---|---|
                | 409 | it failed |
                """);
    }
}
