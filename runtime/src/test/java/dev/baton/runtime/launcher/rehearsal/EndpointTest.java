package dev.baton.runtime.launcher.rehearsal;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnixDomainSocketAddress;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EndpointTest {

    private static JsonObject row(String address) {
        return new JsonObject()
                .put("name", "web")
                .put("service", "shop")
                .put("address", address)
                .put("state", "ready")
                .put("protocols", new JsonArray().add("h2").add("http/1.1"))
                .put("filters", new JsonArray());
    }

    @Test
    void shouldBeAskedWhereItListens() {
        assertThat(Endpoint.of(row("127.0.0.1:8080"), "10.0.0.1"))
                .isEqualTo(new Endpoint(
                        "web", "shop", new InetSocketAddress(InetAddress.getLoopbackAddress(), 8080), true, false));
    }

    @ParameterizedTest
    @ValueSource(strings = {"0.0.0.0:8080", "[::]:8080", "*:8080"})
    void shouldBeAskedOnTheHostOfTheAdminAddress(String any) {
        Endpoint endpoint = Endpoint.of(row(any), "127.0.0.3");
        assertThat(endpoint).isNotNull();
        assertThat(endpoint.address()).hasToString("/127.0.0.3:8080");
    }

    @Test
    void shouldBeAskedInAFile() {
        Endpoint endpoint = Endpoint.of(row("unix:/run/web.sock"), "localhost");
        assertThat(endpoint).isNotNull();
        assertThat(endpoint.address()).isEqualTo(UnixDomainSocketAddress.of("/run/web.sock"));
        assertThat(endpoint.authority()).isEqualTo("localhost");
        assertThat(endpoint.shown()).isEqualTo("web (http://unix:/run/web.sock)");
    }

    @Test
    void shouldBeAskedInTheWayOfItsProtocol() {
        JsonObject secured = row("127.0.0.1:8443")
                .put("filters", new JsonArray().add("proxy-protocol").add("tls"));
        Endpoint endpoint = Endpoint.of(secured, "localhost");
        assertThat(endpoint).isNotNull();
        assertThat(endpoint.tls()).isTrue();
        assertThat(endpoint.shown()).isEqualTo("web (https://127.0.0.1:8443)");
        Endpoint raw = Endpoint.of(row("127.0.0.1:8090").put("protocols", new JsonArray()), "localhost");
        assertThat(raw).isNotNull();
        assertThat(raw.http()).isFalse();
    }

    @Test
    void shouldNotBeAskedIfItDoesNotListen() {
        assertThat(Endpoint.of(row("127.0.0.1:8080").put("state", "suspended"), "localhost"))
                .isNull();
    }
}
