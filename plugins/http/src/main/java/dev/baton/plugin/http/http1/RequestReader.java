package dev.baton.plugin.http.http1;

import dev.baton.plugin.http.exchange.ClientConnection;
import dev.baton.plugin.http.exchange.Exchange;
import dev.baton.plugin.http.exchange.ExchangeEnv;
import dev.baton.plugin.http.exchange.Refusal;
import dev.baton.plugin.http.http1.Http1Downstream.Phase;
import dev.baton.spi.channel.Eviction;
import dev.baton.spi.channel.InputEnd;
import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.service.Packed;
import dev.baton.spi.service.Packing;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelPipeline;
import io.netty.util.AttributeKey;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The only handler of an accepted connection: cuts what the client sends into requests for its {@link Http1Downstream}.
 *
 * <p>Bytes that cannot be used yet (the next request, a body before there is a connection or while the server takes no
 * more) stay in {@code unread}, and reading stops: that is one read at most. No head is read while the client does not
 * take what was written for it: each would bring one more answer, and what waits for that client would have no limit.
 */
public final class RequestReader extends ChannelInboundHandlerAdapter implements ClientConnection, Runnable {
    /**
     * On a connection that another version of this plugin has left after its first request: for how long it has been
     * silent. Both versions know the key by its name.
     */
    private static final AttributeKey<Long> SILENT_NANOS = AttributeKey.valueOf(RequestReader.class, "SILENT_NANOS");

    private static final int NO_HEAD = -1;
    /** Asking takes a few milliseconds of this; it is what a client waits for where nobody asks. */
    private static final long HOLD_MILLIS = 50;
    /** A connection that has been held so often goes when its client makes a pause, or ends here. */
    private static final int HOLDS_MAX = 3;
    /** How often requests were held. Not in a field: hardly any connection has it. */
    private static final AttributeKey<Integer> HOLDS = AttributeKey.valueOf(RequestReader.class, "HOLDS");

    private static final byte[] NOTHING = {};

    private final Http1Downstream end;

    private @Nullable ByteBuf unread;
    /** A caller up the stack is reading, and continues by itself. */
    private boolean processing;
    /** What has come of the next requests is to go to the next process with the connection, which is asked for. */
    private boolean held;
    /** Of the head that has begun, bytes that were looked at; {@link #NO_HEAD} while nothing of one is there. */
    private int headSeen = NO_HEAD;

    private boolean reading = true;
    /** The channel was told that memory is held here. */
    private boolean holding;

    public RequestReader(ExchangeEnv env, Http1Settings settings, MovableChannel channel) {
        end = new Http1Downstream(env, settings, channel, this);
    }

    /** What this reads for. */
    Http1Downstream downstream() {
        return end;
    }

    @Override
    public void drain(Duration patience) {
        end.drain(patience);
    }

    @Override
    public Packed pack(Packing packing) {
        return Http1Packing.pack(end, this, packing);
    }

    @Override
    public boolean giveUp(Consumer<ByteBuf> taker) {
        return end.giveUp(taker);
    }

    /** Leaves the connection to another handler, with what has come and was not used. Between two exchanges. */
    void leave(Consumer<ByteBuf> taker) {
        ByteBuf rest = Unpooled.wrappedBuffer(waiting());
        releaseUnread();
        ChannelPipeline pipeline = end.context().pipeline();
        held = false; // what is due for it must not touch the connection any longer
        if (!reading) {
            reading = true;
            channel().config().setAutoRead(true);
        }
        if (end.hasAsked()) {
            channel().attr(SILENT_NANOS).set(end.silentNanos());
        }
        pipeline.remove(this);
        taker.accept(rest);
    }

    @Override
    public long idleNanos() {
        return end.idleNanos();
    }

    private MovableChannel channel() {
        return end.channel();
    }

    // ---------------------------------------------------------------------------------------------- from the channel

    @Override
    public void handlerAdded(ChannelHandlerContext context) {
        end.added(context);
        Long silentNanos =
                channel().hasAttr(SILENT_NANOS) ? channel().attr(SILENT_NANOS).getAndSet(null) : null;
        if (silentNanos != null) {
            end.unpack(true, silentNanos);
        }
    }

    @Override
    public void channelActive(ChannelHandlerContext context) {
        end.active();
        context.fireChannelActive();
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        ByteBuf in = (ByteBuf) message;
        ByteBuf before = unread;
        unread = null;
        if (processing || held) {
            unread = before == null ? in : merge(before, in);
            return;
        }
        process(before == null ? in : merge(before, in));
    }

    private ByteBuf merge(ByteBuf before, ByteBuf in) {
        return Unread.merge(channel().alloc(), before, in);
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
        end.flushRequest();
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) {
        end.writabilityChanged();
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        if (event instanceof Eviction eviction) {
            eviction.take();
            end.evict();
        } else if (event instanceof InputEnd last) {
            last.take();
            end.drain(Duration.ZERO);
        } else {
            context.fireUserEventTriggered(event);
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        end.inactive();
        releaseUnread();
        context.fireChannelInactive();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        if (!(cause instanceof IOException)) {
            context.fireExceptionCaught(cause);
        }
        context.close();
    }

    // ------------------------------------------------------------------------------------------------------- reading

    private void process(ByteBuf in) {
        processing = true;
        try {
            boolean more = true;
            while (more && in.isReadable()) {
                more = step(in);
            }
        } finally {
            processing = false;
            if (in.isReadable() && end.phase() != Phase.DISCARD) {
                unread = unread == null ? in : merge(in, unread);
            } else {
                in.release();
            }
        }
        updateReading();
        countMemory();
    }

    /**
     * Says what stays here until more comes: an unfinished head, and bytes that wait for their turn; and the head of
     * the exchange under way, if that is a large one.
     */
    private void countMemory() {
        ByteBuf waiting = unread;
        int heap = end.heldHeadBytes();
        int bodies = end.heldBodyBytes();
        if ((heap | bodies) == 0 && waiting == null && !holding) {
            return;
        }
        holding = (heap | bodies) != 0 || waiting != null;
        if (!channel().hold(heap, bodies + (waiting == null ? 0 : waiting.capacity()))) {
            end.evict();
        }
    }

    /** Takes what it can use from the buffer; false: that was all for now. */
    private boolean step(ByteBuf in) {
        return switch (end.phase()) {
            case HEAD -> end.isWritable() && readHead(in);
            case BODY -> end.takesBody() && !end.serverFull() && end.readBody(in);
            case ANSWER -> false;
            case DISCARD -> {
                in.skipBytes(in.readableBytes());
                yield false;
            }
        };
    }

    private boolean readHead(ByteBuf in) {
        int seen = Math.max(0, headSeen);
        if (seen == 0 && !end.hasAsked() && !hasTls() && Preface.mayBegin(in)) {
            return readPreface(in);
        }
        Exchange next;
        try {
            next = RequestDecoder.decodeHead(in, seen, end.settings().headerLimit(), end);
        } catch (RuntimeException e) {
            end.refuse(Refusal.ofRequest(e), e.getMessage(), RequestDecoder.isHead(in));
            return true;
        }
        if (next == null) {
            if (in.isReadable()) { // not only empty lines
                if (!headBegun()) {
                    end.progress();
                }
                headSeen = in.readableBytes();
            }
            return false;
        }
        headSeen = NO_HEAD;
        end.begin(next);
        return true;
    }

    /** Then the handshake has settled what is spoken here, and HTTP/2's preface is a request in a wrong version. */
    private boolean hasTls() {
        return channel().tls() != null;
    }

    /** The first bytes are those of HTTP/2's preface, or may become it. */
    private boolean readPreface(ByteBuf in) {
        if (in.readableBytes() >= Preface.LENGTH) {
            ByteBuf all = in.readRetainedSlice(in.readableBytes());
            end.giveWay(all);
        } else if (!headBegun()) {
            headSeen = 0;
            end.progress();
        }
        return false;
    }

    /** Goes on with bytes that had to wait. */
    void resume() {
        ByteBuf in = unread;
        if (in != null && !processing && !held) {
            unread = null;
            process(in);
            end.flushRequest();
        }
        updateReading();
    }

    /** The task of {@link #next}. */
    @Override
    public void run() {
        resume();
    }

    /** Goes on with the next request, if bytes of it wait; else just reads. */
    void next() {
        if (unread != null && !processing) {
            // Not at once: a client that has sent many requests must not keep this loop from the others.
            channel().offer(this);
        } else {
            updateReading();
            countMemory();
        }
    }

    /**
     * As {@link #next}, but leaves the next request where it is for a moment, for a connection that is to be packed: of
     * a client that always has sent one more, each boundary would be over before anybody can ask. A few times only:
     * nobody may come, or the connection may be one that cannot be packed even so, and its client would wait before
     * each request.
     */
    void hold() {
        Integer before = channel().hasAttr(HOLDS) ? channel().attr(HOLDS).get() : null;
        int holds = before == null ? 0 : before;
        if (unread == null || processing || holds == HOLDS_MAX) {
            next();
            return;
        }
        channel().attr(HOLDS).set(holds + 1);
        held = true;
        updateReading();
        countMemory();
        channel().eventLoop().schedule(this::release, HOLD_MILLIS, TimeUnit.MILLISECONDS);
    }

    private void release() {
        if (held) {
            held = false;
            if (channel().isOpen()) {
                resume();
            }
        }
    }

    /** Reads while what comes can be used, and, to notice that the client goes, until something waits to be used. */
    void updateReading() {
        boolean wanted = switch (end.phase()) {
            case BODY -> end.takesBody() && !end.requestPaused();
            case HEAD -> unread == null || (!held && end.isWritable());
            case ANSWER -> unread == null;
            case DISCARD -> true;
        };
        if (wanted != reading) {
            reading = wanted;
            channel().config().setAutoRead(wanted);
        }
    }

    /** Drops what waits. */
    void releaseUnread() {
        if (unread != null) {
            unread.release();
            unread = null;
        }
        countMemory();
    }

    /** What has come and is not used: of a head that has begun, all of it. */
    byte[] waiting() {
        return unread == null ? NOTHING : ByteBufUtil.getBytes(unread);
    }

    /**
     * The connection comes from another process, where this was waiting: it is used as soon as the connection is
     * active.
     *
     * @param begun a head has begun, whose time is running
     */
    void unpack(byte[] waiting, boolean begun) {
        if (waiting.length > 0) {
            unread = channel().alloc().directBuffer(waiting.length).writeBytes(waiting);
        }
        headSeen = begun ? 0 : NO_HEAD;
        next();
    }

    /** Some bytes of a head are there. */
    boolean headBegun() {
        return headSeen != NO_HEAD;
    }

    /** Bytes that have come of the head that has begun. */
    long headBytes() {
        return unread == null ? 0 : unread.readableBytes();
    }

    /** What is there of a head asks for a head only. */
    boolean isHead() {
        return headBegun() && unread != null && RequestDecoder.isHead(unread);
    }

    /** A caller up the stack is reading. */
    boolean isProcessing() {
        return processing;
    }

    /** Bytes wait, or are being read right now. */
    boolean hasUnread() {
        return unread != null || processing;
    }

    /** Bytes wait for their turn. */
    boolean hasWaiting() {
        return unread != null;
    }
}
