package dev.baton.runtime.launcher.rehearsal;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.DefaultFullHttpRequest;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpClientCodec;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpStatusClass;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import org.jspecify.annotations.Nullable;

/** A connection over which a client sends one request after the other. On the clients' thread. */
final class HttpClientConnection extends SimpleChannelInboundHandler<HttpObject> {
    private final User user;
    private final FullHttpRequest request;
    private @Nullable Channel channel;
    private int status;
    private boolean staysOpen = true;
    private boolean awaiting;
    private boolean over;

    /** Whom the connection is for. */
    interface User {
        /** Requests can be sent. */
        void opened();

        /** It could not be opened; nothing else comes. */
        void notOpened(String why);

        /**
         * The request is answered.
         *
         * @param staysOpen false if the server has said that this answer was its last
         */
        void answered(int status, boolean staysOpen);

        /**
         * It is over, and not because of {@link #close}.
         *
         * @param awaiting true if a request was not answered, or not to its end
         * @param announced true if the server had said that it would end it
         */
        void ended(boolean awaiting, boolean announced);
    }

    /**
     * Opens one.
     *
     * @param keeps false if one request is enough for the client, which says so
     */
    static HttpClientConnection open(Connections connections, Endpoint endpoint, boolean keeps, User user) {
        String host = connections.manners().host();
        FullHttpRequest request = new DefaultFullHttpRequest(
                HttpVersion.HTTP_1_1, HttpMethod.GET, connections.manners().path());
        request.headers()
                .set(HttpHeaderNames.HOST, host == null ? endpoint.authority() : host)
                .set(HttpHeaderNames.USER_AGENT, "baton-rehearse");
        HttpUtil.setKeepAlive(request, keeps);
        HttpClientConnection made = new HttpClientConnection(user, request);
        connections.open(
                endpoint,
                new Connections.User() {
                    @Override
                    public void opened(Channel channel) {
                        made.channel = channel;
                        if (made.over) {
                            channel.close(); // its client has lost its patience
                        } else {
                            user.opened();
                        }
                    }

                    @Override
                    public void notOpened(String why) {
                        if (!made.over) {
                            user.notOpened(why);
                        }
                    }
                },
                new HttpClientCodec(),
                made);
        return made;
    }

    private HttpClientConnection(User user, FullHttpRequest request) {
        this.user = user;
        this.request = request;
    }

    /** Sends the request; the one before has been answered. */
    void send() {
        Channel open = channel;
        if (open == null || over) {
            return;
        }
        awaiting = true;
        open.writeAndFlush(request.retainedDuplicate());
    }

    /** Ends it; nothing else comes. */
    void close() {
        over = true;
        Channel open = channel;
        if (open != null) {
            open.close();
        }
    }

    @Override
    protected void channelRead0(ChannelHandlerContext context, HttpObject message) {
        if (message.decoderResult().isFailure()) {
            context.close();
            return;
        }
        if (message instanceof HttpResponse head) {
            status = head.status().code();
            staysOpen = HttpUtil.isKeepAlive(head);
        }
        if (message instanceof LastHttpContent && awaiting && !isInterim()) {
            awaiting = false;
            user.answered(status, staysOpen);
        }
    }

    private boolean isInterim() {
        return HttpStatusClass.valueOf(status) == HttpStatusClass.INFORMATIONAL;
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        if (!over && channel != null) {
            over = true;
            user.ended(awaiting, !staysOpen);
        }
    }

    /** A reset, or a breach of TLS: {@code channelInactive} tells the client. */
    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        context.close();
    }
}
