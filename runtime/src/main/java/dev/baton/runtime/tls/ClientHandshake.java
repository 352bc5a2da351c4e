package dev.baton.runtime.tls;

import dev.baton.runtime.channel.ClosedHere;
import dev.baton.runtime.channel.OutputEnd;
import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.channel.TlsFacts;
import dev.baton.spi.upstream.TlsHandshakeException;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.ChannelPromise;
import io.netty.channel.ConnectTimeoutException;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.ChannelInputShutdownReadComplete;
import io.netty.handler.codec.DecoderException;
import io.netty.handler.ssl.SslCloseCompletionEvent;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SNIServerName;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Stands behind what encrypts a connection to a server, and tells how its handshake ends, once. What stands behind this
 * is added when it is done, and sees a connection that becomes active then. It stays, and translates:
 *
 * <pre>
 *   the server                                    what stands behind this sees
 *   says that nothing more comes (close_notify)   the end of the input, as of a socket
 *   ends its side without saying so               an error: what it has sent may not be all of it
 *   sends what cannot be decrypted, or an alert   an error
 *
 *   what stands behind this                       the server sees
 *   shuts its output                              close_notify, and the end
 *   closes                                        the same
 *   closes with a reset, or with bytes unwritten  no close_notify: what it has got must not look whole
 * </pre>
 *
 * <p>Runs under the claim.
 */
public final class ClientHandshake extends ChannelDuplexHandler {
    private static final Logger LOG = LoggerFactory.getLogger(ClientHandshake.class);

    private static final int RESET = 0;

    private final ClientOffer offer;
    private final SslContext context;
    private final int generation;
    private final RecordBounds bounds;
    private final SslHandler ssl;
    private final String server;
    private final ChannelHandler initializer;
    private final long begunMillis = System.currentTimeMillis();
    private State state = State.SHAKING;
    private @Nullable Outcome outcome;
    private @Nullable IOException failure;
    private @Nullable Future<?> timer;
    /** It has resumed a session whose certificate has expired. */
    private boolean stale;
    /** This process closes the connection. */
    private boolean cut;
    /** What encrypts has failed, and closes the connection as soon as it has sent its alert. */
    private boolean alerting;
    /** The server has said that nothing more comes. */
    private boolean peerEnded;
    /** What stands behind this was told of an error of the connection. */
    private boolean broken;
    /** Something was decrypted in this turn of reading. */
    private boolean anything;

    private enum State {
        SHAKING,
        DONE,
        FAILED
    }

    /** Is told how it ends, once, under the claim. */
    public interface Outcome {
        /** The connection is the service's. */
        void done();

        /**
         * The session that was resumed is too old, and nothing is known against the server. The caller closes the
         * channel and begins anew: no such session is offered then.
         */
        void stale();

        /** There is none; the caller closes the channel. */
        void failed(IOException cause);
    }

    ClientHandshake(
            ClientOffer offer,
            SslContext context,
            int generation,
            RecordBounds bounds,
            SslHandler ssl,
            String server,
            ChannelHandler initializer) {
        this.offer = offer;
        this.context = context;
        this.generation = generation;
        this.bounds = bounds;
        this.ssl = ssl;
        this.server = server;
        this.initializer = initializer;
    }

    /** Whether what it was begun with is what is offered now. */
    public boolean isCurrent() {
        return offer.isCurrent(context);
    }

    /** Whether nothing but whole records was read. Under the claim. */
    public boolean isBetweenRecords() {
        return bounds.isBetweenRecords();
    }

    /**
     * The connection is open: tells how the handshake ends.
     *
     * @param nanos how long it may take
     */
    public void await(MovableChannel channel, long nanos, Outcome told) {
        outcome = told;
        IOException failed = failure;
        if (failed != null) {
            told.failed(failed);
        } else if (stale) {
            told.stale();
        } else if (state == State.DONE) {
            handOver(channel, told);
        } else {
            timer = channel.eventLoop()
                    .schedule(
                            // A loop that stood still finds its timers due before it has polled: it reads first.
                            () -> {
                                if (state == State.SHAKING) {
                                    timer = channel.eventLoop()
                                            .schedule(() -> timedOut(nanos), 0, TimeUnit.NANOSECONDS);
                                }
                            },
                            Math.max(0, nanos),
                            TimeUnit.NANOSECONDS);
        }
    }

    private void timedOut(long nanos) {
        fail(
                ClientTlsFailure.TIMEOUT,
                new ConnectTimeoutException("cannot connect to " + server + ": no end of the TLS handshake within "
                        + TimeUnit.NANOSECONDS.toMillis(nanos) + "ms"));
    }

    // ---- how it ends ----------------------------------------------------------------------------------------------

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        if (event instanceof SslHandshakeCompletionEvent end) {
            if (end.isSuccess()) {
                done(ctx);
            } else {
                alerting = ctx.channel().isActive();
                failed(ctx, end.cause());
            }
        } else if (event instanceof SslCloseCompletionEvent end) {
            if (end.isSuccess() && state == State.DONE && !peerEnded) {
                peerEnded = true;
                endInput(ctx);
            }
        } else if (event instanceof ChannelInputShutdownEvent) {
            inputEnded(ctx);
        } else if (!(event instanceof ChannelInputShutdownReadComplete)) {
            ctx.fireUserEventTriggered(event);
        }
    }

    private void done(ChannelHandlerContext ctx) {
        if (state != State.SHAKING) {
            return;
        }
        String agreed = ssl.applicationProtocol();
        if (offer.isRequired() && (agreed == null || !offer.protocols().contains(agreed))) {
            fail(
                    ClientTlsFailure.ALPN,
                    "it does not speak " + String.join(" or ", offer.protocols()) + " (ALPN)",
                    new SSLException("no application protocol"));
            return;
        }
        SSLSession session = ssl.engine().getSession();
        boolean resumed = TlsLibrary.hasResumed(ssl.engine(), session, begunMillis);
        if (offer.tls().config().verify() && !bindsSessions(session) && resumed) {
            offer.dropSessions(generation);
            state = State.FAILED;
            stopTimer();
            stale = true;
            Outcome told = outcome;
            if (told != null) {
                told.stale();
            }
            return;
        }
        state = State.DONE;
        stopTimer();
        offer.tls().counters().completed(session.getProtocol(), resumed);
        MovableChannel channel = (MovableChannel) ctx.channel();
        channel.attr(OutputEnd.KEY).set(ssl::closeOutbound);
        TlsFacts facts = new TlsFacts(session.getProtocol(), session.getCipherSuite(), askedFor(), agreed, List.of());
        channel.attr(MovableChannel.FACTS).set(channel.facts().withTls(facts));
        Outcome told = outcome;
        if (told != null) {
            handOver(channel, told);
        }
    }

    /**
     * Each handshake that resumes a session gives new tickets: their age does not bound that of the certificate which
     * the first handshake has verified. So its own end does.
     *
     * @return whether it is valid now
     */
    private boolean bindsSessions(SSLSession session) {
        try {
            Certificate[] chain = session.getPeerCertificates(); // those behind the first may be superfluous
            if (chain[0] instanceof X509Certificate own) {
                offer.sessionsEnd(own.getNotAfter().toInstant().toEpochMilli());
                own.checkValidity();
            }
            return true;
        } catch (SSLPeerUnverifiedException | CertificateException e) {
            return false;
        }
    }

    /** The name in the ClientHello; null if the server is known by its address. */
    private @Nullable String askedFor() {
        List<SNIServerName> names = ssl.engine().getSSLParameters().getServerNames();
        return names != null && !names.isEmpty() && names.get(0) instanceof SNIHostName name
                ? name.getAsciiName()
                : null;
    }

    private void handOver(MovableChannel channel, Outcome told) {
        channel.pipeline().addLast(initializer);
        if (!channel.isActive()) { // it has thrown
            told.failed(new ClosedChannelException());
            return;
        }
        told.done();
        if (channel.isActive()) {
            channel.pipeline().context(this).fireChannelActive();
        }
    }

    private void failed(ChannelHandlerContext ctx, Throwable cause) {
        if (!ctx.channel().isActive() && !FailureWords.isTold(cause)) {
            if (cut || ClosedHere.isMarked(ctx.channel())) { // by this process: nothing is wrong with the server
                fail(
                        ClientTlsFailure.CUT,
                        new IOException("no TLS handshake with " + server + ": the connection was closed here", cause));
            } else {
                fail(ClientTlsFailure.SERVER_LEFT, "it has closed the connection in the handshake", cause);
            }
            return;
        }
        FailureWords words = FailureWords.of(cause);
        fail(words.failure(), words.text(), cause);
    }

    private void fail(ClientTlsFailure why, String words, Throwable cause) {
        fail(why, new TlsHandshakeException("no TLS handshake with " + server + ": " + words, cause));
    }

    private void fail(ClientTlsFailure why, IOException cause) {
        if (state != State.SHAKING) {
            return;
        }
        state = State.FAILED;
        stopTimer();
        failure = cause;
        offer.tls().counters().failed(why);
        Outcome told = outcome;
        if (told != null) {
            told.failed(cause);
        }
    }

    private void stopTimer() {
        Future<?> running = timer;
        if (running != null) {
            timer = null;
            running.cancel(false);
        }
    }

    // ---- coming and going -----------------------------------------------------------------------------------------

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
        // Not before the handshake is done: see handOver.
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        cut |= ClosedHere.isMarked(ctx.channel());
        if (state == State.SHAKING) {
            failed(ctx, new ClosedChannelException());
        } else if (state == State.DONE && !peerEnded && !cut && !broken) {
            ctx.fireExceptionCaught(unannouncedEnd());
        }
        ctx.fireChannelInactive();
    }

    /** The server has ended its side of the socket. */
    private void inputEnded(ChannelHandlerContext ctx) {
        if (peerEnded) {
            return; // it was told
        }
        if (state == State.DONE) {
            ctx.fireExceptionCaught(unannouncedEnd());
        }
        ctx.channel().close();
    }

    private IOException unannouncedEnd() {
        return new IOException(
                server + " has ended the connection without close_notify: what it has sent may not be all of it");
    }

    private static void endInput(ChannelHandlerContext ctx) {
        if (((MovableChannel) ctx.channel()).config().isAllowHalfClosure()) {
            ctx.fireUserEventTriggered(ChannelInputShutdownEvent.INSTANCE);
            ctx.fireUserEventTriggered(ChannelInputShutdownReadComplete.INSTANCE);
        } else {
            ctx.channel().close();
        }
    }

    @Override
    public void close(ChannelHandlerContext ctx, ChannelPromise promise) {
        cut = true;
        MovableChannel channel = (MovableChannel) ctx.channel();
        if (alerting) {
            channel.closeFuture().addListener(closed -> promise.trySuccess());
            return;
        }
        ChannelOutboundBuffer out = channel.unsafe().outboundBuffer();
        boolean unwritten = out != null && out.totalPendingWriteBytes() > 0;
        if (unwritten || channel.config().getSoLinger() == RESET) {
            channel.unsafe().close(promise);
        } else {
            ctx.close(promise);
        }
    }

    /** Nothing can be said to a server that has said its last, not even nothing. */
    @Override
    public void write(ChannelHandlerContext ctx, Object message, ChannelPromise promise) {
        if (peerEnded && message instanceof ByteBuf bytes && !bytes.isReadable()) {
            bytes.release();
            promise.trySuccess();
        } else {
            ctx.write(message, promise);
        }
    }

    // ---- what comes -----------------------------------------------------------------------------------------------

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        anything = true;
        ctx.fireChannelRead(message);
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) throws Exception {
        if (!anything && state == State.DONE && TlsLibrary.isBoringSsl()) {
            HiddenError.tell(ctx, ssl);
        }
        anything = false;
        ctx.fireChannelReadComplete();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        Throwable wrong = cause instanceof DecoderException && cause.getCause() != null ? cause.getCause() : cause;
        broken |= wrong instanceof IOException;
        if (!(wrong instanceof SSLException)) {
            ctx.fireExceptionCaught(wrong);
        } else if (state == State.DONE) {
            state = State.FAILED;
            FailureWords words = FailureWords.of(wrong);
            boolean alert = words.failure() == ClientTlsFailure.ALERT;
            offer.tls().counters().failed(alert ? ClientTlsFailure.ALERT : ClientTlsFailure.RECORD);
            offer.tls().tellLater(server, words.text());
            ctx.fireExceptionCaught(wrong); // an IOException: the connection ends
            ctx.channel().close();
        } else {
            LOG.debug("TLS with {} has failed", server, wrong);
        }
    }
}
