package dev.baton.testkit.world;

import dev.baton.spi.tls.CertifiedKey;
import java.io.ByteArrayOutputStream;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedKeyManager;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.Nullable;

/**
 * A client or server that speaks TLS over a {@link Peer}, by the JDK. It trusts everybody: a test looks at
 * {@link #shown}. For one thread, the test's.
 */
public final class TlsPeer {
    private static final int RECORD_HEADER_BYTES = 5;
    private static final char[] PASSWORD = {'p'};
    private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

    private final Peer peer;
    private final SSLEngine engine;
    private final ByteArrayOutputStream received = new ByteArrayOutputStream();

    private TlsPeer(Peer peer, SSLEngine engine, boolean client) {
        this.peer = peer;
        this.engine = engine;
        engine.setUseClientMode(client);
    }

    /** A server on what an {@link Origin} has accepted, with the certificate of the context. */
    public static TlsPeer serving(Peer accepted, SSLContext context) {
        return new TlsPeer(accepted, context.createSSLEngine(), false);
    }

    /** The server's side of a handshake, to its end. */
    public TlsPeer answer() throws SSLException {
        engine.beginHandshake();
        return finish();
    }

    /** One that asks for no name. */
    public static TlsPeer over(Peer peer) {
        return over(peer, context(null), null);
    }

    /** One that asks for a name. */
    public static TlsPeer over(Peer peer, String serverName) {
        return over(peer, context(null), serverName);
    }

    /**
     * One of a context, with which it can resume sessions.
     *
     * @param serverName the name that it asks for; null for none
     */
    public static TlsPeer over(Peer peer, SSLContext context, @Nullable String serverName) {
        // The port makes sessions of different servers differ; there is one here.
        TlsPeer made = new TlsPeer(peer, context.createSSLEngine("server.test", 443), true);
        SSLParameters parameters = made.engine.getSSLParameters();
        parameters.setServerNames(serverName == null ? List.of() : List.of(new SNIHostName(serverName)));
        made.engine.setSSLParameters(parameters);
        return made;
    }

    /**
     * What clients or servers share.
     *
     * @param own their own certificate; null if they have none
     */
    public static SSLContext context(@Nullable CertifiedKey own) {
        try {
            KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
            KeyStore store = KeyStore.getInstance("JKS");
            store.load(null, null);
            if (own != null) {
                store.setKeyEntry("own", own.key(), PASSWORD, own.chain().toArray(X509Certificate[]::new));
            }
            keys.init(store, PASSWORD);
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(keys.getKeyManagers(), new TrustManager[] {new TrustsAll()}, null);
            return context;
        } catch (GeneralSecurityException | java.io.IOException e) {
            throw new IllegalStateException("this JDK has no TLS", e);
        }
    }

    /** What servers share whose certificate is renewed: each full handshake asks for it. */
    public static SSLContext renewable(Supplier<CertifiedKey> own) {
        try {
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(new KeyManager[] {new Renewable(own)}, new TrustManager[] {new TrustsAll()}, null);
            return context;
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this JDK has no TLS", e);
        }
    }

    /** For settings that this class has no method for; before {@link #handshake}. */
    public SSLEngine engine() {
        return engine;
    }

    /** Offers protocols by ALPN. */
    public TlsPeer offer(String... protocols) {
        SSLParameters parameters = engine.getSSLParameters();
        parameters.setApplicationProtocols(protocols);
        engine.setSSLParameters(parameters);
        return this;
    }

    /** What it says first, not sent yet. */
    public byte[] clientHello() {
        try {
            engine.beginHandshake();
            return wrapped(NOTHING);
        } catch (SSLException e) {
            throw new IllegalStateException("the client itself fails", e);
        }
    }

    /** Sends what it says first, and takes the handshake to its end. */
    public TlsPeer handshake() throws SSLException {
        peer.send(clientHello());
        return finish();
    }

    /** Whatever it has said first has been read: what it answers, not sent yet. */
    public byte[] firstAnswer() throws SSLException {
        engine.beginHandshake();
        unwrap();
        return wrapped(NOTHING);
    }

    /** Sends what the engine still has to say: the alert of a handshake that has failed. */
    public void sayRest() throws SSLException {
        while (engine.getHandshakeStatus() == HandshakeStatus.NEED_WRAP && !engine.isOutboundDone()) {
            peer.send(wrapped(NOTHING));
        }
    }

    /** Takes a handshake that has begun to its end. */
    public TlsPeer finish() throws SSLException {
        while (true) {
            HandshakeStatus status = engine.getHandshakeStatus();
            switch (status) {
                case NEED_TASK -> engine.getDelegatedTask().run();
                case NEED_WRAP -> peer.send(wrapped(NOTHING));
                case NEED_UNWRAP, NEED_UNWRAP_AGAIN -> unwrap();
                default -> {
                    return this;
                }
            }
        }
    }

    private byte[] wrapped(ByteBuffer plain) throws SSLException {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        do {
            ByteBuffer record = ByteBuffer.allocate(engine.getSession().getPacketBufferSize());
            SSLEngineResult result = engine.wrap(plain, record);
            all.write(record.array(), 0, record.position());
            if (result.getStatus() == SSLEngineResult.Status.CLOSED) {
                break;
            }
        } while (plain.hasRemaining());
        return all.toByteArray();
    }

    /** Reads one record. */
    private void unwrap() throws SSLException {
        byte[] header = peer.read(RECORD_HEADER_BYTES);
        byte[] body = peer.read(((header[3] & 0xff) << 8) | (header[4] & 0xff));
        ByteBuffer record = ByteBuffer.allocate(header.length + body.length);
        record.put(header).put(body).flip();
        while (true) {
            ByteBuffer plain = ByteBuffer.allocate(engine.getSession().getApplicationBufferSize());
            SSLEngineResult result = engine.unwrap(record, plain);
            received.write(plain.array(), 0, plain.position());
            if (result.getHandshakeStatus() == HandshakeStatus.NEED_TASK) {
                engine.getDelegatedTask().run();
            }
            if (!record.hasRemaining() || result.getStatus() == SSLEngineResult.Status.CLOSED) {
                return;
            }
        }
    }

    /** Takes in one record of a handshake that has begun: a test that stops in its middle. */
    public TlsPeer readRecord() throws SSLException {
        unwrap();
        return this;
    }

    /** Encrypts text and sends it. */
    public void send(String text) throws SSLException {
        peer.send(encrypted(text));
    }

    /** Text as it would be sent. */
    public byte[] encrypted(String text) throws SSLException {
        return wrapped(ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)));
    }

    /** Asks for another handshake, as TLS 1.2 allows. */
    public void renegotiate() throws SSLException {
        engine.beginHandshake();
        peer.send(wrapped(NOTHING));
    }

    /** The next text is this; waits for it and takes it. */
    public void expect(String text) throws SSLException {
        byte[] wanted = text.getBytes(StandardCharsets.UTF_8);
        while (received.size() < wanted.length) {
            unwrap();
        }
        byte[] all = received.toByteArray();
        String got = new String(all, 0, wanted.length, StandardCharsets.UTF_8);
        if (!got.equals(text)) {
            throw new AssertionError("expected \"" + text + "\" and there is \"" + got + "\"");
        }
        received.reset();
        received.writeBytes(Arrays.copyOfRange(all, wanted.length, all.length));
    }

    /** Waits for text that ends with a mark, and takes it with the mark. */
    public String readUntil(String mark) throws SSLException {
        while (!received.toString(StandardCharsets.UTF_8).contains(mark)) {
            unwrap();
        }
        String all = received.toString(StandardCharsets.UTF_8);
        String text = all.substring(0, all.indexOf(mark) + mark.length());
        received.reset();
        received.writeBytes(all.substring(text.length()).getBytes(StandardCharsets.UTF_8));
        return text;
    }

    /** Nothing more comes: waits for the other side's close_notify. */
    public void expectCloseNotify() throws SSLException {
        while (!engine.isInboundDone()) {
            unwrap();
        }
        if (received.size() > 0) {
            throw new AssertionError("expected the end and there is \"" + received + "\"");
        }
    }

    /** What says that nothing more is sent, not sent yet. */
    public byte[] closeNotify() throws SSLException {
        engine.closeOutbound();
        return wrapped(NOTHING);
    }

    /** The certificate that the other side has shown. */
    public X509Certificate shown() {
        try {
            return (X509Certificate) engine.getSession().getPeerCertificates()[0];
        } catch (SSLPeerUnverifiedException e) {
            throw new AssertionError("no certificate was shown", e);
        }
    }

    /** Ends in order. */
    public void close() throws SSLException {
        engine.closeOutbound();
        peer.send(wrapped(NOTHING));
        peer.close();
    }

    private static final class Renewable extends X509ExtendedKeyManager {
        private final Supplier<CertifiedKey> own;

        Renewable(Supplier<CertifiedKey> own) {
            this.own = own;
        }

        @Override
        public @Nullable String chooseEngineServerAlias(String type, Principal[] issuers, SSLEngine engine) {
            return own.get().key().getAlgorithm().equals(type) ? "own" : null;
        }

        @Override
        public X509Certificate[] getCertificateChain(String alias) {
            return own.get().chain().toArray(X509Certificate[]::new);
        }

        @Override
        public PrivateKey getPrivateKey(String alias) {
            return own.get().key();
        }

        @Override
        public String[] getClientAliases(String type, Principal[] issuers) {
            throw new UnsupportedOperationException("for servers");
        }

        @Override
        public String chooseClientAlias(String[] types, Principal[] issuers, Socket socket) {
            throw new UnsupportedOperationException("for servers");
        }

        @Override
        public String[] getServerAliases(String type, Principal[] issuers) {
            throw new UnsupportedOperationException("for engines");
        }

        @Override
        public String chooseServerAlias(String type, Principal[] issuers, Socket socket) {
            throw new UnsupportedOperationException("for engines");
        }
    }

    private static final class TrustsAll extends X509ExtendedTrustManager {
        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type) {}

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type, java.net.Socket socket) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type, java.net.Socket socket) {}

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
        }
    }
}
