package dev.baton.runtime.tls;

import dev.baton.spi.channel.Eviction;
import dev.baton.spi.channel.MovableChannel;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.ReferenceCountUtil;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * Reads what a client says first, chooses the certificate that it is shown, and makes room for the handler that has the
 * handshake. What waits for the rest of a ClientHello counts as held by the connection. Runs under the claim.
 */
final class ClientHelloReader extends ChannelInboundHandlerAdapter {
    /** Of RFC 6066, section 3. */
    private static final byte UNRECOGNIZED_NAME = 112;
    /** Of RFC 7301, section 3.2. */
    private static final byte NO_APPLICATION_PROTOCOL = 120;

    private final ServerTls server;
    private final Handshake handshake;

    /** What has come; null if nothing has. */
    private @Nullable ByteBuf begun;

    private boolean over;

    ClientHelloReader(ServerTls server, Handshake handshake) {
        this.server = server;
        this.handshake = handshake;
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        if (over) {
            ReferenceCountUtil.release(message);
            return;
        }
        boolean first = begun == null;
        ByteBuf all = join((ByteBuf) message);
        ClientHello hello;
        try {
            hello = ClientHello.parse(all);
        } catch (ClientHello.MalformedException e) {
            over = true;
            all.release();
            hold(context);
            handshake.refuse(e.failure(), String.valueOf(e.getMessage()));
            return;
        }
        if (hello == null) {
            begun = first ? own(context, all) : all;
            if (!hold(context)) {
                refuse(context);
            }
        } else {
            hold(context); // first: what is behind this may hold something, too
            begin(context, all, hello);
        }
    }

    /** Says how much waits here; false if there is no room for it. */
    private boolean hold(ChannelHandlerContext context) {
        ByteBuf waiting = begun;
        return ((MovableChannel) context.channel()).hold(0, waiting == null ? 0 : waiting.capacity());
    }

    /** The memory is used up. */
    private void refuse(ChannelHandlerContext context) {
        over = true;
        letGo(context);
        handshake.refuse(TlsFailure.CUT, "there is no memory for its ClientHello");
    }

    private void letGo(ChannelHandlerContext context) {
        ByteBuf before = begun;
        if (before != null) {
            begun = null;
            before.release();
            hold(context);
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        if (event instanceof Eviction eviction && begun != null) {
            eviction.take();
            refuse(context);
        } else {
            context.fireUserEventTriggered(event);
        }
    }

    /** What has come so far, with this behind it. */
    private ByteBuf join(ByteBuf more) {
        ByteBuf before = begun;
        if (before == null) {
            return more;
        }
        begun = null;
        try {
            return before.writeBytes(more);
        } finally {
            more.release();
        }
    }

    /** In a buffer of its own, which grows: the one that was read may be large, or part of another. */
    private static ByteBuf own(ChannelHandlerContext context, ByteBuf part) {
        try {
            return context.alloc().buffer(part.readableBytes()).writeBytes(part);
        } finally {
            part.release();
        }
    }

    private void begin(ChannelHandlerContext context, ByteBuf all, ClientHello hello) {
        over = true;
        SslContext proof = server.proof(hello);
        SslHandler ssl;
        if (proof != null) {
            ssl = proof.newHandler(context.alloc());
        } else {
            ServerCertificate shown = server.choose(hello);
            if (shown == null) {
                all.release();
                refuse(
                        context,
                        server.certificates().isEmpty() ? TlsFailure.NO_CERTIFICATE : TlsFailure.UNKNOWN_NAME,
                        UNRECOGNIZED_NAME);
                return;
            }
            if (!server.speaksWith(hello)) {
                all.release();
                refuse(context, TlsFailure.ALPN, NO_APPLICATION_PROTOCOL);
                return;
            }
            ssl = shown.handler(context.alloc(), Instant.now());
        }
        ssl.setHandshakeTimeoutMillis(0); // the listener's accept-timeout it is
        handshake.begin(ssl, hello.serverName(), proof != null);
        context.pipeline().replace(this, null, ssl);
        context.fireChannelRead(all); // to the one that has replaced this
    }

    private void refuse(ChannelHandlerContext context, TlsFailure why, byte alert) {
        if (handshake.fail(why)) {
            byte[] fatal = {21, 3, 3, 0, 2, 2, alert}; // a record of TLS 1.2
            context.writeAndFlush(context.alloc().buffer().writeBytes(fatal)).addListener(ChannelFutureListener.CLOSE);
        }
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext context) {
        letGo(context);
    }
}
