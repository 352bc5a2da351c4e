package dev.baton.plugin.acme;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.plugin.http.HttpPlugin;
import dev.baton.plugin.tls.TlsPlugin;
import dev.baton.spi.tls.CertificateSnapshot;
import dev.baton.testkit.world.HttpPeer;
import dev.baton.testkit.world.InEachWorld;
import dev.baton.testkit.world.PluginWorld;
import dev.baton.testkit.world.TlsPeer;
import dev.baton.testkit.world.Where;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.io.TempDir;

/**
 * From a start without any certificate to a client that is shown one of the authority's, which has asked the listeners.
 */
class AcmeWorldTest {
    private static final String SOCKETS = "the authority is asked over sockets of the JDK";

    @TempDir
    Path folder;

    private static int port(PluginWorld world, String listener) {
        return ((InetSocketAddress) world.address(listener)).getPort();
    }

    private void start(PluginWorld world, FakeAuthority authority, String challenge) {
        world.plugin(TlsPlugin.class).plugin(HttpPlugin.class).plugin(AcmePlugin.class);
        world.start("""
                listeners:
                  plain: { bind: "127.0.0.1:0", service: shop }
                  web: { bind: "127.0.0.1:0", service: shop, tls: {} }
                services:
                  shop: { type: http, filters: [acme], routes: [ { respond: { status: 200, body: "hello" } } ] }
                acme:
                  directory: "DIRECTORY"
                  folder: "FOLDER"
                  terms-agreed: true
                  certificates: [ { names: [shop.test, www.shop.test], challenge: CHALLENGE } ]
                """.replace("DIRECTORY", authority.directory())
                .replace("FOLDER", folder.resolve("acme").toString())
                .replace("CHALLENGE", challenge));
        authority.check(port(world, "plain"), port(world, "web"));
    }

    /** What is wrong with a certificate does not hide what is wrong beside it. */
    @InEachWorld(worlds = Where.SIMULATION, because = "nothing is started")
    void shouldTellAllThatIsWrongAtOnce(PluginWorld world) {
        world.plugin(AcmePlugin.class);
        assertThatThrownBy(() -> world.start("""
                acme:
                  directory: "ftp://acme.test/directory"
                  email: me
                  folder: acme
                  terms-agreed: false
                  ca: "/nowhere/ca.crt"
                  external-account: { id: me, key: "/nowhere/account.key" }
                  certificates: [ { names: [shop.test, "*.shop.test"] } ]
                """))
                .hasMessageContainingAll(
                        "test:2:14: acme.directory: 'ftp://acme.test/directory' is no address of a directory",
                        "test:3:10: acme.email: 'me' is no address of mail",
                        "test:5:17: acme.terms-agreed: the authority wants it",
                        "test:6:7: acme.ca: cannot read /nowhere/ca.crt: there is no such file",
                        "test:7:36: acme.external-account.key: cannot read /nowhere/account.key",
                        "test:8:40: acme.certificates[0].names[1]: '*.shop.test' is a wildcard");
    }

    private static List<? extends Record> listed(PluginWorld world, String view) {
        return Objects.requireNonNull(world.view().views().get(view)).rows();
    }

    private static List<AcmeView.Row> rows(PluginWorld world) {
        return listed(world, "acme").stream().map(AcmeView.Row.class::cast).toList();
    }

    private static void await(PluginWorld world, FakeAuthority authority, int issued) {
        try {
            world.await(
                    "a certificate",
                    () -> authority.issued().size() == issued
                            && rows(world).get(0).state().equals("valid"));
        } catch (AssertionError e) {
            throw new AssertionError(rows(world) + " " + authority, e);
        }
    }

    private static void shows(PluginWorld world, String name, X509Certificate wanted) throws Exception {
        TlsPeer client = TlsPeer.over(world.connect("web"), name).handshake();
        assertThat(client.shown()).isEqualTo(wanted);
        client.close();
    }

    private void shouldGetACertificateBy(String challenge, PluginWorld world) throws Exception {
        try (FakeAuthority authority = new FakeAuthority()) {
            start(world, authority, challenge);
            await(world, authority, 1);
            shows(world, "www.shop.test", authority.issued().get(0));
            assertThat(((CertificateSnapshot) listed(world, "certificates").get(0)).source())
                    .isEqualTo("acme:shop.test");
            world.act("acme/renew", Map.of("name", "shop.test"));
            await(world, authority, 2);
            shows(world, "shop.test", authority.issued().get(1));
            HttpPeer client = world.http("plain").send("GET /.well-known/acme-challenge/unknown");
            assertThat(client.receive().text()).isEqualTo("hello");
        }
    }

    @InEachWorld(worlds = Where.REAL, because = SOCKETS)
    void shouldGetACertificateByHttp(PluginWorld world) throws Exception {
        shouldGetACertificateBy("http-01", world);
    }

    @InEachWorld(worlds = Where.REAL, because = SOCKETS)
    void shouldGetACertificateByTls(PluginWorld world) throws Exception {
        shouldGetACertificateBy("tls-alpn-01", world);
    }
}
