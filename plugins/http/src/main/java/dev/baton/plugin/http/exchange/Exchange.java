package dev.baton.plugin.http.exchange;

import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.http.HttpOutcome;
import dev.baton.spi.traffic.Traffic;
import dev.baton.spi.upstream.ConnectHandler;
import dev.baton.spi.upstream.RequestFacts;
import dev.baton.spi.upstream.ServerFailure;
import dev.baton.spi.upstream.UpstreamProtocol;
import dev.baton.spi.upstream.UpstreamServer;
import dev.baton.spi.upstream.WaitingConnect;
import io.netty.handler.codec.http.DefaultHttpRequest;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpVersion;
import java.net.ConnectException;
import java.net.SocketAddress;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A request, and the name of the exchange that it began: every message between the two ends carries it, and an end
 * drops what does not belong to its current one.
 *
 * <p>The request is read by both ends, on different loops perhaps, and does not change once the first server was asked
 * for a connection. {@link #attempts} and {@link #unreached} belong to the downstream end.
 */
public final class Exchange extends DefaultHttpRequest implements ConnectHandler, RequestFacts {
    /** How the types of its messages begin. */
    private static final String GRPC = "application/grpc";

    private static final Set<HttpMethod> IDEMPOTENT = Set.of(
            HttpMethod.GET, HttpMethod.HEAD, HttpMethod.OPTIONS, HttpMethod.TRACE, HttpMethod.PUT, HttpMethod.DELETE);

    /** RFC 9110, section 9.2.1. */
    private static final Set<HttpMethod> SAFE =
            Set.of(HttpMethod.GET, HttpMethod.HEAD, HttpMethod.OPTIONS, HttpMethod.TRACE);

    private final Downstream downstream;

    /** What is asked of the server: origin-form, {@code *}, or the authority of a CONNECT. */
    private String target;

    /** Value of the Host field to send; null: the server's address. */
    private @Nullable String host;

    /** A filter has put another host in the place of the client's. */
    private boolean hostRewritten;

    private @Nullable String askedHost;

    private long bodyLength;
    private boolean keepAlive;
    private int headBytes;

    private @Nullable Route route;
    /** The client is a proxy whose word counts. */
    private boolean fromTrustedProxy;

    /** Of the response that was written; 0 before. */
    private int status;
    /** When a server was looked for, in the attempt under way. */
    private long askedNanos;
    /** When a connection to it carried the exchange. */
    private long carriedNanos;

    /** The upstream was told the outcome of the attempt under way. */
    private boolean reported;

    private ServerAbort serverAbort = ServerAbort.FAILED;
    /** The client was told something of the answer: a head before it (1xx). */
    private boolean informed;
    /** When the head of the response was there. */
    private long responseNanos;

    private long responseBytes;
    /** When its head had been read, by the clock of the loops. */
    private long beganNanos;

    private @Nullable FilteredExchange filtered;

    /** What the client wants to speak instead of HTTP; null: nothing else. */
    private @Nullable String upgrade;

    private boolean tunnel;

    /** Goes no further: the proxy is the one that is asked. */
    private boolean endsHere;

    /** Where the attempt under way goes. Written before the attempt begins, by the thread that begins it. */
    private @Nullable UpstreamServer server;

    /** Connections that carried the exchange and died. */
    int attempts;
    /** Servers that ended their connection without a byte of response, and were given up for the next. */
    int retries;
    /** Servers that could not be connected to: nothing was sent there. */
    int unreached;
    /** How often it was not acted on, and asked for once more for that. */
    int refused;
    /** What has been sent of its body, as long as that is little; null: it has none, or cannot be sent again. */
    private @Nullable SentBody sentBody;

    /** Its place among those that wait for a connection to a server. Under the claim on the client's connection. */
    private @Nullable WaitingConnect waiting;

    /** The client is gone: reading it in time spares work; nothing depends on that. */
    private volatile boolean abandoned;

    public Exchange(Downstream downstream, HttpVersion version, HttpMethod method, String target) {
        this(downstream, version, method, target, new HeaderFields());
    }

    /** With the fields that have been read already. */
    public Exchange(Downstream downstream, HttpVersion version, HttpMethod method, String target, HeaderFields fields) {
        super(version, method, target, fields, false);
        this.downstream = downstream;
        this.target = target;
    }

    /** Records what was found out when its head was read. */
    public void understood(String target, @Nullable String host, long bodyLength, boolean keepAlive) {
        this.target = target;
        this.host = host;
        this.bodyLength = bodyLength;
        this.keepAlive = keepAlive;
    }

    /** Says that the client wants to speak another protocol from here on, if the server does. */
    public void askForUpgrade(String protocols) {
        upgrade = protocols;
    }

    /** Value of the Upgrade field to send; null: none. */
    @Nullable
    public String upgrade() {
        return upgrade;
    }

    /** Client and server speak another protocol from here on: all bytes go through until one of them ends. */
    void becomeTunnel() {
        tunnel = true;
        bodyLength = BodyLength.UNTIL_CLOSE;
    }

    public boolean isTunnel() {
        return tunnel;
    }

    /**
     * A call of gRPC to a server of HTTP/2. Its body is a conversation, for hours perhaps, before the server says
     * anything, so it has no least rate.
     */
    public boolean isCall() {
        String type = fields().get(HttpHeaderNames.CONTENT_TYPE);
        return type != null
                && type.startsWith(GRPC)
                && route().target() instanceof Target.Servers servers
                && servers.upstream().protocol() == UpstreamProtocol.HTTP_2;
    }

    /** Says that no server is to be asked. */
    public void endHere() {
        endsHere = true;
    }

    boolean endsHere() {
        return endsHere;
    }

    public Downstream downstream() {
        return downstream;
    }

    public HeaderFields fields() {
        return (HeaderFields) headers();
    }

    public String target() {
        return target;
    }

    @Nullable
    public String host() {
        return host;
    }

    /** Host and perhaps port that the client asks for; empty if it does not say. */
    String authority() {
        return host == null ? "" : host;
    }

    void rewriteTarget(String other) {
        target = other;
    }

    void rewriteAuthority(String other) {
        if (isConnect()) {
            target = other;
        }
        if (!hostRewritten) {
            hostRewritten = true;
            askedHost = host;
        }
        host = other;
    }

    /** The authority that the client has asked for, whatever the server is asked for; null if it did not say. */
    @Nullable
    public String askedHost() {
        return hostRewritten ? askedHost : host;
    }

    /** The body is forwarded in another length than it came. */
    void setBodyLength(long length) {
        bodyLength = length;
        if (length >= 0) {
            fields().remove(HttpHeaderNames.TRANSFER_ENCODING);
            fields().set(HttpHeaderNames.CONTENT_LENGTH, Long.toString(length));
        }
    }

    /** The client sends its body when it is told to. */
    public boolean expectsContinue() {
        return !isHttp10() && fields().has(FieldKind.EXPECT);
    }

    /** The next to get the request need not say anything before its body comes. */
    void expectNothing() {
        fields().remove(HttpHeaderNames.EXPECT);
    }

    /** Where it goes. */
    Route route() {
        Route known = route;
        if (known == null) {
            throw new IllegalStateException("no route was looked for");
        }
        return known;
    }

    void goBy(Route route, long nowNanos) {
        this.route = route;
        beganNanos = nowNanos;
    }

    long beganNanos() {
        return beganNanos;
    }

    @Override
    public @Nullable SocketAddress clientAddress() {
        return downstream.clientAddress(this);
    }

    @Override
    public @Nullable String field(String name) {
        return fields().get(name);
    }

    /** A server is asked from now on, perhaps after another one failed. */
    void asked(long nowNanos) {
        askedNanos = nowNanos;
        reported = false;
        serverAbort = ServerAbort.FAILED;
    }

    /** A connection to the server carries it. */
    void carried(long nowNanos) {
        carriedNanos = nowNanos;
    }

    long carriedNanos() {
        return carriedNanos;
    }

    /** The head of a server's response is there: tells the upstream whether that is good, and how long it took. */
    void answeredByServer(int status, long nowNanos) {
        UpstreamServer asked = server;
        if (isFailure(status)) {
            failedByServer(ServerFailure.ERROR, nowNanos);
        } else if (asked != null && !reported) {
            reported = true;
            servers().upstream().answered(asked, nowNanos - askedNanos);
        }
    }

    /**
     * The status says that the server cannot serve, now. Other errors are those of one resource or of one request,
     * which a client chooses; and what answers a CONNECT is about the host that the client has named.
     */
    private boolean isFailure(int status) {
        return status >= 502 && status <= 504 && !isConnect();
    }

    /** The server has failed: tells the upstream, unless the head of its response was there. */
    void failedByServer(ServerFailure failure, long nowNanos) {
        UpstreamServer asked = server;
        if (asked != null && !reported) {
            reported = true;
            servers().upstream().failed(asked, failure, nowNanos - askedNanos);
        }
    }

    /** The server's part in it is known to the upstream. */
    boolean isReported() {
        return reported;
    }

    /** How the server has ended the response, if it has done so before the end. */
    public ServerAbort serverAbort() {
        return serverAbort;
    }

    void serverAbort(ServerAbort how) {
        serverAbort = how;
    }

    /** The head of the response has come, or something that the client was told. */
    boolean hasResponse() {
        return reported || informed;
    }

    void inform() {
        informed = true;
    }

    /**
     * The Set-Cookie field that keeps the client's session with the server that has answered; null if none is to be
     * sent.
     */
    @Nullable
    String sessionCookie() {
        UpstreamServer asked = server;
        return asked == null ? null : servers().upstream().sessionCookie(asked, this);
    }

    public boolean fromTrustedProxy() {
        return fromTrustedProxy;
    }

    /** The client speaks TLS with this process: the scheme of what it asks for is https. */
    public boolean isSecure() {
        return downstream.channel().tls() != null;
    }

    void trustProxy() {
        fromTrustedProxy = true;
    }

    /** The head of a response is written. */
    void responds(int status, long nowNanos) {
        this.status = status;
        responseNanos = nowNanos;
    }

    /** Bytes of the response's body are written. */
    void sent(int bytes) {
        responseBytes += bytes;
    }

    /** Of the response; 0 before. */
    int status() {
        return status;
    }

    long responseNanos() {
        return responseNanos;
    }

    long responseBytes() {
        return responseBytes;
    }

    /** It is a tunnel that began in another process. */
    void unpack(PackedTunnel packed, Route by, long nowNanos) {
        goBy(by, nowNanos - packed.ageNanos());
        responds(packed.status(), beganNanos + packed.answeredNanos());
        responseBytes = packed.bytesOut();
        reported = true;
        becomeTunnel();
    }

    /** Says in the metrics of its route that it is over. */
    void over(HttpOutcome.Kind kind, long requestBytes, long nowNanos) {
        RouteMetrics metrics = route().metrics();
        String address = server == null ? null : server.address();
        metrics.ended(
                status,
                status == 0 ? -1 : responseNanos - beganNanos,
                Math.max(0, nowNanos - beganNanos),
                requestBytes,
                responseBytes,
                address);
        if (kind != HttpOutcome.Kind.COMPLETE) {
            metrics.aborted(kind, address);
        }
    }

    /** Tells those who watch that it is over. Allocates: only if there are any. */
    void report(Traffic traffic, String client, HttpOutcome.Kind kind, long requestBytes, long nowNanos) {
        route().metrics()
                .report(
                        traffic,
                        method().name(),
                        target,
                        status,
                        status == 0 ? -1 : responseNanos - beganNanos,
                        Math.max(0, nowNanos - beganNanos),
                        requestBytes,
                        responseBytes,
                        server == null ? null : server.address(),
                        client,
                        kind);
    }

    /** The servers that its route leads to. */
    public Target.Servers servers() {
        return (Target.Servers) route().target();
    }

    /** Its way through filters; null if its route has none. */
    @Nullable
    public FilteredExchange filtered() {
        return filtered;
    }

    void setFiltered(FilteredExchange filtered) {
        this.filtered = filtered;
    }

    /** In bytes, 0 if there is none, or {@link BodyLength#CHUNKED}. */
    public long bodyLength() {
        return bodyLength;
    }

    public boolean hasBody() {
        return bodyLength != 0;
    }

    /** A copy of what is sent of the body is kept from here on, as long as that is little. */
    public void keepBody() {
        if (sentBody == null && hasBody() && !isConnect() && upgrade == null) {
            sentBody = new SentBody();
        }
    }

    @Nullable
    SentBody sentBody() {
        return sentBody;
    }

    /** What was sent of the body is not sent again: the server acts on it, or the exchange is over. */
    void forgetBody() {
        SentBody kept = sentBody;
        if (kept != null) {
            sentBody = null;
            kept.release();
        }
    }

    /** Bytes of the heap that its head takes. */
    public int headBytes() {
        return headBytes;
    }

    public void setHeadBytes(int bytes) {
        headBytes = bytes;
    }

    /** The client wants to keep its connection. */
    public boolean keepAlive() {
        return keepAlive;
    }

    public boolean isHttp10() {
        return protocolVersion().majorVersion() == 1 && protocolVersion().minorVersion() == 0;
    }

    /** It asks for a tunnel. */
    public boolean isConnect() {
        return method().equals(HttpMethod.CONNECT);
    }

    public boolean isHead() {
        return method().equals(HttpMethod.HEAD);
    }

    /** Asking twice is as good as asking once (RFC 9110, section 9.2.2), and there is no body that is gone by now. */
    boolean isRepeatable() {
        return !hasBody() && IDEMPOTENT.contains(method());
    }

    /** Its method is safe (RFC 9110, section 9.2.1), and it has no body, which would be gone by now. */
    @Override
    public boolean isSafe() {
        return !hasBody() && SAFE.contains(method());
    }

    @Nullable
    public UpstreamServer server() {
        return server;
    }

    void goTo(UpstreamServer server) {
        this.server = server;
    }

    void abandon() {
        abandoned = true;
        WaitingConnect wait = waiting;
        if (wait != null) {
            waiting = null;
            wait.cancel();
        }
    }

    /** It is over, or answered otherwise, and needs no server. Never taken back. */
    public boolean isAbandoned() {
        return abandoned;
    }

    @Override
    public void waits(WaitingConnect wait) {
        if (abandoned) {
            wait.cancel();
        } else {
            waiting = wait;
        }
    }

    /** An exchange is equal to itself only. */
    @Override
    public boolean equals(@Nullable Object other) {
        return this == other;
    }

    @Override
    public int hashCode() {
        return System.identityHashCode(this);
    }

    @Override
    public void connected(MovableChannel connection) {
        UpstreamEnd end = Forwarder.endOf(connection);
        if (end == null) {
            failed(new ConnectException("closed as soon as it was open"));
            return;
        }
        if (abandoned) {
            end.giveBack(this);
            return;
        }
        // The head goes out before the other end hears of the connection: it would send the body at once.
        boolean reused = end.hasServed(); // after a wait because of max-connections
        attach(end, end.begin(this), reused);
    }

    /** An end carries it, or has tried to. Under the claim on the end's connection, after the head has been sent. */
    public void attach(UpstreamEnd end, boolean sent, boolean reused) {
        if (!downstream.post(() -> downstream.attached(this, end, sent, reused))) {
            end.abort();
        }
    }

    /** There was no room for it where there seemed to be, and nothing was sent. Any thread. */
    public void askAgain() {
        // Not to be delivered only if the client's end is gone: then nobody waits.
        downstream.post(() -> downstream.askAgain(this));
    }

    @Override
    public void failed(Throwable cause) {
        // Not to be delivered only if the client's end is gone: then nobody waits.
        downstream.post(() -> downstream.connectFailed(this, cause));
    }
}
