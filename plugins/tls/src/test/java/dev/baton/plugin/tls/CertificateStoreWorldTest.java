package dev.baton.plugin.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.spi.Plugin;
import dev.baton.spi.PluginBinder;
import dev.baton.spi.admin.AdminAction;
import dev.baton.spi.service.Service;
import dev.baton.spi.service.ServiceContext;
import dev.baton.spi.service.ServiceFactory;
import dev.baton.spi.tls.CertificateMaker;
import dev.baton.spi.tls.CertificateStore;
import dev.baton.spi.tls.CertifiedKey;
import dev.baton.testkit.TestCertificates;
import dev.baton.testkit.world.InEachWorld;
import dev.baton.testkit.world.Peer;
import dev.baton.testkit.world.PluginWorld;
import dev.baton.testkit.world.TlsPeer;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import jakarta.inject.Inject;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import javax.net.ssl.SSLException;
import org.junit.jupiter.api.io.TempDir;

/** Certificates that a plugin publishes while listeners serve. */
class CertificateStoreWorldTest {
    private static final Map<String, CertifiedKey> KEYS = new HashMap<>();

    @TempDir
    static Path folder;

    record Nothing() {}

    record Named(String name, String key) {}

    /** Publishes, and answers with a word to each connection. */
    static final class StorePlugin implements Plugin {
        @Override
        public void configure(PluginBinder binder) {
            binder.adminAction("publish", Named.class, Publish.class);
            binder.adminAction("prove", Named.class, Prove.class);
            binder.service("hello", Nothing.class, Hello.class);
        }
    }

    static final class Publish implements AdminAction<Named> {
        private final CertificateStore store;

        @Inject
        Publish(CertificateStore store) {
            this.store = store;
        }

        @Override
        public CompletionStage<? extends Record> act(Named what) {
            if (what.key().equals("none")) {
                store.withdraw(what.name());
            } else {
                store.publish(what.name(), Objects.requireNonNull(KEYS.get(what.key())));
            }
            return CompletableFuture.completedStage(new Nothing());
        }
    }

    static final class Prove implements AdminAction<Named> {
        private final CertificateStore store;

        @Inject
        Prove(CertificateStore store) {
            this.store = store;
        }

        @Override
        public CompletionStage<? extends Record> act(Named what) {
            if (what.key().equals("none")) {
                store.endChallenge(what.name());
            } else {
                store.answerChallenge(what.name(), Objects.requireNonNull(KEYS.get(what.key())));
            }
            return CompletableFuture.completedStage(new Nothing());
        }
    }

    static final class Hello implements ServiceFactory<Nothing> {
        @Override
        public Service create(String name, Nothing config, ServiceContext context) {
            return (connection, listener) -> connection.pipeline().addLast(new ChannelInboundHandlerAdapter() {
                @Override
                public void channelActive(ChannelHandlerContext handler) {
                    handler.writeAndFlush(
                            handler.alloc().buffer().writeBytes(new byte[] {'h', 'e', 'l', 'l', 'o', '\n'}));
                }

                @Override
                public void channelRead(ChannelHandlerContext handler, Object message) {
                    handler.writeAndFlush(message);
                }
            });
        }
    }

    private static void start(PluginWorld world, String tls) {
        world.plugin(TlsPlugin.class);
        world.plugin(StorePlugin.class);
        world.start("""
                listeners:
                  in: { bind: "127.0.0.1:0", service: hello, tls: TLS }
                services: { hello: { type: hello } }
                """.replace("TLS", tls));
    }

    private static void publish(PluginWorld world, String name, CertifiedKey key) {
        KEYS.put(name, key);
        world.act("publish", Map.of("name", name, "key", name));
    }

    private static TlsPeer shows(PluginWorld world, String name, CertifiedKey wanted) throws SSLException {
        TlsPeer client = TlsPeer.over(world.connect("in"), name).handshake();
        client.expect("hello\n");
        assertThat(client.shown()).isEqualTo(wanted.certificate());
        return client;
    }

    private static void refuses(PluginWorld world, String name) {
        TlsPeer client = TlsPeer.over(world.connect("in"), name);
        assertThatThrownBy(client::handshake)
                .isInstanceOf(SSLException.class)
                .hasMessageContaining("unrecognized_name");
    }

    private static long failures(PluginWorld world, String reason) {
        return world.metrics()
                .counter("baton_tls_failures_total", "", "reason", reason)
                .count();
    }

    /** Its first certificate may come long after the start, and later ones disturb no connection. */
    @InEachWorld
    void shouldRefuseClientsUntilThereIsACertificate(PluginWorld world) throws Exception {
        start(world, "{}");
        refuses(world, "shop.test");
        world.await("it is counted", () -> failures(world, "no_certificate") == 1);
        CertifiedKey first = CertificateMaker.of("shop.test").make();
        publish(world, "shop", first);
        TlsPeer stays = shows(world, "shop.test", first);
        CertifiedKey second = CertificateMaker.of("shop.test").make();
        publish(world, "shop", second);
        shows(world, "shop.test", second).close();
        stays.send("again");
        stays.expect("again");
        stays.close();
        world.act("publish", Map.of("name", "shop", "key", "none"));
        refuses(world, "shop.test");
        world.await("it is counted", () -> failures(world, "no_certificate") == 2);
    }

    @InEachWorld
    void shouldChooseByNameAmongFilesAndWhatIsPublished(PluginWorld world) throws Exception {
        CertifiedKey file = TestCertificates.selfSigned(folder, "file", "file.test");
        start(
                world,
                "{ certificates: [FILE], store: true, unknown-name: refuse }"
                        .replace("FILE", TestCertificates.entry(folder, "file")));
        CertifiedKey wild = CertificateMaker.of("*.shop.test").make();
        publish(world, "wild", wild);
        publish(world, "same", CertificateMaker.of("file.test").make());
        shows(world, "a.shop.test", wild).close();
        shows(world, "file.test", file).close();
        refuses(world, "other.test");
        world.await("it is counted", () -> failures(world, "unknown_name") == 1);
    }

    /** RFC 8737, section 3. */
    @InEachWorld
    void shouldProveControlOfANameToWhoAsksForNothingElse(PluginWorld world) throws Exception {
        CertifiedKey file = TestCertificates.selfSigned(folder, "file", "shop.test");
        start(world, "{ certificates: [FILE] }".replace("FILE", TestCertificates.entry(folder, "file")));
        CertifiedKey proof = CertificateMaker.of("shop.test").make();
        KEYS.put("proof", proof);
        world.act("prove", Map.of("name", "Shop.test", "key", "proof"));

        Peer peer = world.connect("in");
        TlsPeer authority = TlsPeer.over(peer, "shop.test").offer("acme-tls/1").handshake();
        assertThat(authority.shown()).isEqualTo(proof.certificate());
        assertThat(authority.engine().getApplicationProtocol()).isEqualTo("acme-tls/1");
        authority.expectCloseNotify(); // and no hello
        peer.expectEnd();

        TlsPeer both = TlsPeer.over(world.connect("in"), "shop.test")
                .offer("acme-tls/1", "http/1.1")
                .handshake();
        assertThat(both.shown()).isEqualTo(file.certificate());
        both.close();
        TlsPeer other = TlsPeer.over(world.connect("in"), "other.test")
                .offer("acme-tls/1")
                .handshake();
        assertThat(other.shown()).isEqualTo(file.certificate());
        other.close();
        shows(world, "shop.test", file).close();
        world.act("prove", Map.of("name", "shop.test", "key", "none"));
        TlsPeer late = TlsPeer.over(world.connect("in"), "shop.test")
                .offer("acme-tls/1")
                .handshake();
        assertThat(late.shown()).isEqualTo(file.certificate());
        late.close();
    }
}
