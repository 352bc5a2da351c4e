package dev.baton.examples.vertxjdbc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.plugin.http.HttpPlugin;
import dev.baton.testkit.PostgresProcess;
import dev.baton.testkit.world.HttpMessage;
import dev.baton.testkit.world.HttpPeer;
import dev.baton.testkit.world.InEachWorld;
import dev.baton.testkit.world.PluginWorld;
import dev.baton.testkit.world.Where;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeAll;

/** The application behind Baton's service {@code http}, with a PostgreSQL of the test's own. */
class VertxJdbcTest {
    private static final String WHY = "there is no Vert.x in the simulation";
    private static final String FORM = "Content-Type: application/x-www-form-urlencoded";
    private static final int SLOW = 20;

    @AutoClose
    private static PostgresProcess postgres;

    @BeforeAll
    static void startDatabase() throws Exception {
        postgres = PostgresProcess.start();
    }

    private static void start(PluginWorld world) {
        world.plugin(HttpPlugin.class).plugin(VertxJdbcPlugin.class);
        world.start("""
                loops: 2
                listeners: { web: { bind: "127.0.0.1:0", service: web, balance: least-loaded } }
                services: { web: { type: http, upstream: notes } }
                upstreams: { notes: { servers: ["HOST:8071"] } }
                notes: { host: HOST, port: 8071, database: "URL", user: postgres, password: any, connections: 24 }
                """.replace("HOST", postgres.host()).replace("URL", postgres.url("postgres")));
        assertThat(world.said()).contains("notes on " + postgres.host() + ":8071");
    }

    private static String answer(HttpMessage response, int status) {
        assertThat(response.status()).as(response.toString()).isEqualTo(status);
        return response.text();
    }

    @InEachWorld(worlds = Where.REAL, because = WHY)
    void shouldKeepNotes(PluginWorld world) {
        start(world);
        HttpPeer client = world.http("web");
        client.sendWithBody("text=buy+'milk'", "POST /notes", FORM);
        String note = answer(client.receive(), 200);
        assertThat(note).matches("\\{\"id\":[0-9]+,\"text\":\"buy 'milk'\"}");
        assertThat(answer(client.send("GET /notes").receive(), 200)).contains(note);
        client.sendWithBody("txt=milk", "POST /notes", FORM);
        assertThat(answer(client.receive(), 400)).contains("no 'text'");
        answer(client.send("GET /sleep/long").receive(), 404);
    }

    /** More queries than loops, each slow: neither a loop nor a connection that it owns waits for them. */
    @InEachWorld(worlds = Where.REAL, because = WHY)
    void shouldServeAndMoveConnectionsWhileQueriesAreSlow(PluginWorld world) throws Exception {
        start(world);
        int added = world.await(world.control().addLoop()).loop(); // no socket of Vert.x is there: those do not move
        world.expectErrors(); // queries that are cancelled, at the end
        List<HttpPeer> slow = Stream.generate(() -> world.http("web").send("GET /sleep/60"))
                .limit(SLOW)
                .toList();
        try (Connection administrator = DriverManager.getConnection(postgres.url("postgres"), "postgres", "")) {
            world.await("all of them run", () -> count(administrator, "count(*)") == SLOW);
            HttpPeer fast = world.http("web");
            assertThat(answer(fast.send("GET /health").receive(), 200)).isEqualTo("{\"status\":\"up\"}");
            answer(fast.send("GET /notes").receive(), 200);

            assertThat(loopsOfConnections(world)).contains(added);
            world.retireLoop(added);
            assertThat(loopsOfConnections(world)).hasSize(SLOW + 1).doesNotContain(added);
            answer(fast.send("GET /notes").receive(), 200);
            assertThat(count(administrator, "count(*)")).as("they still run").isEqualTo(SLOW);
            assertThat(count(administrator, "count(pg_cancel_backend(pid))")).isEqualTo(SLOW);
        }
        for (HttpPeer each : slow) {
            answer(each.receive(), 500);
        }
    }

    private static int count(Connection administrator, String what) {
        String sleeping = " FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'SELECT pg_sleep%'";
        try (ResultSet row = administrator.createStatement().executeQuery("SELECT " + what + sleeping)) {
            row.next();
            return row.getInt(1);
        } catch (SQLException e) {
            throw new AssertionError(e);
        }
    }

    private static List<Integer> loopsOfConnections(PluginWorld world) {
        return world.view().fds().stream()
                .filter(fd -> fd.kind().equals("downstream") && fd.plugin().equals("http"))
                .map(fd -> Integer.valueOf(fd.owner()))
                .toList();
    }
}
