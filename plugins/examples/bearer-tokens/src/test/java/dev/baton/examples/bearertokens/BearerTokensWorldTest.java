package dev.baton.examples.bearertokens;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.plugin.http.HttpPlugin;
import dev.baton.testkit.world.HttpFilterInEachWorld;
import dev.baton.testkit.world.HttpOrigin;
import dev.baton.testkit.world.HttpPeer;
import dev.baton.testkit.world.InEachWorld;
import dev.baton.testkit.world.PluginWorld;
import java.util.List;

/** The filter in a whole server. */
class BearerTokensWorldTest extends HttpFilterInEachWorld {
    BearerTokensWorldTest() {
        super(HttpPlugin.class, BearerTokensPlugin.class);
    }

    @Override
    protected String filter() {
        return "{ type: bearer-tokens, tokens: { billing: " + BearerTokensTest.DIGEST + " } }";
    }

    @Override
    protected List<String> admitted() {
        return List.of("Authorization: Bearer open sesame");
    }

    @InEachWorld
    void shouldServeOnlyWhoHasAToken(PluginWorld world) {
        HttpOrigin origin = start(world);
        HttpPeer client = world.http("web").send("GET /");
        assertThat(client.receive().status()).isEqualTo(401);
        client.send("GET /", "Authorization: Bearer open sesame", "X-Token-Name: root");
        assertThat(origin.serve(200, "").fields("X-Token-Name")).containsExactly("billing");
        assertThat(client.receive().status()).isEqualTo(200);
    }
}
