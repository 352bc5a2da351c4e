package dev.baton.runtime.tls;

import dev.baton.runtime.channel.OutputEnd;
import dev.baton.spi.channel.InputEnd;
import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.channel.TlsFacts;
import dev.baton.spi.filter.Next;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.handler.codec.DecoderException;
import io.netty.handler.ssl.SslCloseCompletionEvent;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Stands behind what decrypts a connection, and tells how its handshake ends: to the listener, and to the counters,
 * once. It stays, and turns what is wrong later into an end of the connection that no service has to answer for. Runs
 * under the claim.
 */
final class Handshake extends ChannelDuplexHandler {
    private static final Logger LOG = LoggerFactory.getLogger(Handshake.class);

    private final Next next;
    private final TlsCounters counters;
    private final boolean asksForCertificate;
    private @Nullable SslHandler ssl;
    private @Nullable String serverName;
    /** The client wants a proof of control of the name, and nothing else. */
    private boolean endsWithProof;

    private State state = State.SHAKING;
    /** This process closes the connection. */
    private boolean cut;
    /** Something was decrypted in this turn of reading. */
    private boolean anything;
    /** The client sends nothing more. */
    private boolean inputEnded;

    private enum State {
        SHAKING,
        DONE,
        FAILED
    }

    /**
     * Waits for one.
     *
     * @param asksForCertificate whether the client is asked for one
     */
    Handshake(Next next, TlsCounters counters, boolean asksForCertificate) {
        this.next = next;
        this.counters = counters;
        this.asksForCertificate = asksForCertificate;
    }

    /**
     * The handshake begins.
     *
     * @param isProof it is all that the client wants
     */
    void begin(SslHandler handler, @Nullable String name, boolean isProof) {
        ssl = handler;
        serverName = name;
        endsWithProof = isProof;
        HalfClose.keepOutputOpen(handler);
    }

    /** The client is refused before there was a handshake. */
    void refuse(TlsFailure failure, String reason) {
        if (fail(failure)) {
            next.refuse(reason);
        }
    }

    /** Counts why it fails; false if its end was counted already. The caller ends the connection. */
    boolean fail(TlsFailure failure) {
        if (state != State.SHAKING) {
            return false;
        }
        state = State.FAILED;
        counters.failed(failure);
        return true;
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        if (event instanceof SslCloseCompletionEvent close && close.isSuccess()) {
            endInput(context);
            return;
        }
        if (!(event instanceof SslHandshakeCompletionEvent end)) {
            if (!(inputEnded && event instanceof ChannelInputShutdownEvent)) { // once
                context.fireUserEventTriggered(event);
            }
            return;
        }
        SslHandler handler = ssl;
        if (!end.isSuccess() || handler == null) {
            // The handler closes the connection, behind its alert.
            if (fail(failure(context, end.cause()))) {
                LOG.debug("TLS with {} fails", context.channel(), end.cause());
            }
        } else if (state == State.SHAKING) {
            state = State.DONE;
            MovableChannel connection = (MovableChannel) context.channel();
            TlsFacts facts = facts(handler);
            counters.completed(facts.version());
            if (endsWithProof) {
                context.close();
                return;
            }
            connection.attr(OutputEnd.KEY).set(handler::closeOutbound);
            next.proceed(connection.facts().withTls(facts));
        }
    }

    private TlsFacts facts(SslHandler handler) {
        SSLSession session = handler.engine().getSession();
        return new TlsFacts(
                session.getProtocol(),
                session.getCipherSuite(),
                serverName,
                handler.applicationProtocol(),
                asksForCertificate ? peer(session) : List.of());
    }

    private static List<X509Certificate> peer(SSLSession session) {
        List<X509Certificate> peer = new ArrayList<>();
        try {
            for (Certificate each : session.getPeerCertificates()) {
                if (each instanceof X509Certificate certificate) {
                    peer.add(certificate);
                }
            }
            return peer;
        } catch (SSLPeerUnverifiedException none) {
            return List.of();
        }
    }

    private TlsFailure failure(ChannelHandlerContext context, Throwable cause) {
        if (!context.channel().isActive()) {
            return cut ? TlsFailure.CUT : TlsFailure.CLIENT_LEFT;
        }
        return isOfTheCertificate(cause) ? TlsFailure.CLIENT_CERTIFICATE : TlsFailure.HANDSHAKE;
    }

    private static boolean isOfTheCertificate(Throwable cause) {
        for (Throwable each = cause; each != null; each = each.getCause()) {
            // In the words of the JDK, and of BoringSSL: PEER_DID_NOT_RETURN_A_CERTIFICATE.
            if (each instanceof CertificateException || words(each).contains("certificate")) {
                return true;
            }
        }
        return false;
    }

    private static String words(Throwable cause) {
        return String.valueOf(cause.getMessage()).toLowerCase(Locale.ROOT);
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        fail(cut ? TlsFailure.CUT : TlsFailure.CLIENT_LEFT);
        context.fireChannelInactive();
    }

    @Override
    public void close(ChannelHandlerContext context, ChannelPromise promise) {
        cut = true;
        context.close(promise);
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        anything = true;
        context.fireChannelRead(message);
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) throws Exception {
        SslHandler handler = ssl;
        if (state == State.DONE && !inputEnded && handler != null && TlsLibrary.isBoringSsl()) {
            if (HalfClose.isEnded(handler)) {
                HalfClose.readNoMore(context, handler);
                endInput(context);
            } else if (!anything) {
                HiddenError.tell(context, handler);
            }
        }
        anything = false;
        context.fireChannelReadComplete();
    }

    /** The client has said that nothing more comes; what it is sent may still take a while. */
    private void endInput(ChannelHandlerContext context) {
        if (!inputEnded && state == State.DONE) {
            inputEnded = true;
            context.executor().execute(() -> tellEnd(context)); // when the service is there, if that has just begun
        }
    }

    private void tellEnd(ChannelHandlerContext context) {
        MovableChannel connection = (MovableChannel) context.channel();
        SslHandler handler = ssl;
        if (handler == null || !connection.isActive()) {
            return;
        }
        if (connection.config().isAllowHalfClosure()) {
            context.fireUserEventTriggered(ChannelInputShutdownEvent.INSTANCE);
            return;
        }
        InputEnd end = new InputEnd();
        context.fireUserEventTriggered(end);
        if (!end.isTaken()) {
            handler.closeOutbound();
        }
    }

    /** What is wrong with what a client sends is no error of the service behind this. */
    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        Throwable wrong = cause instanceof DecoderException && cause.getCause() != null ? cause.getCause() : cause;
        if (!(wrong instanceof SSLException)) {
            context.fireExceptionCaught(wrong);
        } else if (state == State.DONE) {
            state = State.FAILED;
            counters.failed(words(wrong).contains("renegotiation") ? TlsFailure.RENEGOTIATION : TlsFailure.RECORD);
            context.fireExceptionCaught(wrong); // an IOException: the connection ends
        } else {
            LOG.debug("TLS with {} has failed", context.channel(), wrong);
        }
    }
}
