package dev.baton.plugin.tls;

import static dev.baton.testkit.TestCertificates.entry;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import dev.baton.plugin.rescue.LoopRescuePlugin;
import dev.baton.runtime.tls.TlsLibrary;
import dev.baton.spi.admin.LoopSnapshot;
import dev.baton.testkit.TestCertificates;
import dev.baton.testkit.world.InEachWorld;
import dev.baton.testkit.world.Peer;
import dev.baton.testkit.world.PluginWorld;
import dev.baton.testkit.world.TlsPeer;
import dev.baton.testkit.world.Where;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.InvalidKeyException;
import java.security.PrivateKey;
import java.security.Provider;
import java.security.PublicKey;
import java.security.Security;
import java.security.Signature;
import java.security.SignatureException;
import java.security.SignatureSpi;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/**
 * Row F28: the operation of a private key blocks the loop in the middle of a handshake. It holds up that handshake and
 * no other connection: neither those that are older, nor those in their own handshakes, nor new ones.
 */
class BlockedKeyWorldTest {
    /** Far more than the test needs, which ends the block itself. */
    private static final long BLOCK_SECONDS_MAX = 30;

    private static final String ALGORITHM = "SHA256withECDSA";
    private static final int CLIENTS = 4;

    private static final AtomicBoolean ARMED = new AtomicBoolean();
    private static volatile CountDownLatch released = new CountDownLatch(1);

    @TempDir
    static Path folder;

    /** Signs as the JDK does; the first time that it is armed, only when the test says so. */
    public static final class SlowSignature extends SignatureSpi {
        private final Signature real;

        /** For the JDK. */
        public SlowSignature() throws GeneralSecurityException {
            real = Signature.getInstance(ALGORITHM, "SunEC");
        }

        @Override
        protected void engineInitVerify(PublicKey key) throws InvalidKeyException {
            real.initVerify(key);
        }

        @Override
        protected void engineInitSign(PrivateKey key) throws InvalidKeyException {
            real.initSign(key);
        }

        @Override
        protected void engineUpdate(byte octet) throws SignatureException {
            real.update(octet);
        }

        @Override
        protected void engineUpdate(byte[] bytes, int from, int length) throws SignatureException {
            real.update(bytes, from, length);
        }

        @Override
        protected byte[] engineSign() throws SignatureException {
            if (ARMED.compareAndSet(true, false)) {
                try {
                    assertThat(released.await(BLOCK_SECONDS_MAX, TimeUnit.SECONDS))
                            .isTrue();
                } catch (InterruptedException e) {
                    throw new SignatureException(e);
                }
            }
            return real.sign();
        }

        @Override
        protected boolean engineVerify(byte[] signature) throws SignatureException {
            return real.verify(signature);
        }

        @Override
        @Deprecated
        protected void engineSetParameter(String name, Object value) {
            throw new UnsupportedOperationException(name);
        }

        @Override
        @Deprecated
        protected Object engineGetParameter(String name) {
            throw new UnsupportedOperationException(name);
        }
    }

    private static final class SlowProvider extends Provider {
        private static final long serialVersionUID = 1;

        SlowProvider() {
            super("Slow", "1", "signs slowly");
            put("Signature." + ALGORITHM, SlowSignature.class.getName());
        }
    }

    @BeforeEach
    void useTheSlowKey() throws Exception {
        assumeFalse(TlsLibrary.isBoringSsl(), "BoringSSL signs in native code, which nothing here can block");
        TestCertificates.selfSigned(folder, "shop", "shop.test");
        released = new CountDownLatch(1);
        Security.insertProviderAt(new SlowProvider(), 1);
    }

    @AfterEach
    void useTheUsualOne() {
        released.countDown();
        Security.removeProvider("Slow");
    }

    private static long blocked(PluginWorld world) {
        return world.view().loops().stream().filter(LoopSnapshot::blocked).count();
    }

    @InEachWorld(worlds = Where.REAL, because = "the watchdog has a thread and a clock of its own")
    void shouldHoldUpOneHandshakeOnly(PluginWorld world) throws Exception {
        world.plugin(TlsPlugin.class).plugin(TlsWorldTest.TalkPlugin.class).plugin(LoopRescuePlugin.class);
        world.start("""
                listeners:
                  in: { bind: "127.0.0.1:0", service: talk, loops: [0], tls: { certificates: [CERTIFICATE] } }
                  both: { bind: "127.0.0.1:0", service: talk, tls: { certificates: [CERTIFICATE] } }
                services: { talk: { type: talk } }
                """.replace("CERTIFICATE", entry(folder, "shop")));
        List<TlsPeer> older = new ArrayList<>();
        for (int i = 0; i < CLIENTS; i++) {
            TlsPeer client = TlsPeer.over(world.connect("in")).handshake();
            client.readUntil("nobody\n");
            older.add(client);
        }
        Peer halfway = world.connect("in");
        TlsPeer begun = TlsPeer.over(halfway);
        byte[] hello = begun.clientHello();
        halfway.send(Arrays.copyOf(hello, hello.length / 2));
        Peer answered = world.connect("in");
        TlsPeer shaking = TlsPeer.over(answered);
        answered.send(shaking.clientHello());
        shaking.readRecord(); // ServerHello: its signature is made
        Peer peer = world.connect("in");
        TlsPeer slow = TlsPeer.over(peer);
        ARMED.set(true);
        peer.send(slow.clientHello());
        world.await("the watchdog sees it", () -> blocked(world) == 1);

        for (TlsPeer each : older) {
            each.send("meanwhile");
            each.expect("meanwhile");
        }
        halfway.send(Arrays.copyOfRange(hello, hello.length / 2, hello.length));
        begun.finish().readUntil("nobody\n");
        shaking.finish().readUntil("nobody\n");
        for (int i = 0; i < CLIENTS; i++) {
            TlsPeer.over(world.connect("both")).handshake().readUntil("nobody\n");
        }
        assertThat(blocked(world)).as("still").isEqualTo(1);

        released.countDown();
        slow.finish().readUntil("nobody\n");
        slow.send("after");
        slow.expect("after");
        world.await("the loop is one like the others", () -> blocked(world) == 0);
    }
}
