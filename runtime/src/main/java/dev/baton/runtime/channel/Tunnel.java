package dev.baton.runtime.channel;

import dev.baton.runtime.posix.Posix;
import dev.baton.spi.channel.SpliceListener;
import dev.baton.spi.posix.Errno;
import io.netty.channel.Channel;
import io.netty.channel.ChannelOutboundBuffer;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One direction of a stream, in the kernel: bytes go from the source's socket through a {@link Pipe} into the target's,
 * by splice(2), and no handler sees them.
 *
 * <p>The source's turn holds its own claim, enters the target, and moves bytes from socket to pipe and from pipe to
 * socket at once. What the target does not take stays in the pipe as {@link PipeBytes}, a message in the target's
 * outbound buffer. So both channels may be taken over at any moment, bytes in the pipe or not: they belong to the
 * target alone, under its claim, and no poller knows the pipe. The target writes them by its own readiness, and then
 * tells the source, which has not read meanwhile.
 *
 * <pre>
 *   in a turn of the source                              it reads
 *   fewer than {@code after} bytes since it began, or
 *     since it became small                              into a buffer, for the handlers
 *   a pipeline has more than one handler                 into a buffer: somebody may look at the bytes or change them
 *   the target is another loop's, or has tasks queued    into a buffer, which the handler posts: behind the pipe's bytes
 *   the target has something to write                    not before that is written: a mark stands behind it
 *   there is no pipe                                     into a buffer, for another {@code after} bytes
 *   the source or the target cannot be spliced           into a buffer, for ever; what is in the pipe is taken out
 *   else                                                 into the pipe, and from there at once into the target
 *
 *   the pipe has a rest, or a mark is not reached        not: <em>blocked</em>, until the target says that it is
 * </pre>
 *
 * <p>Order: only a turn of the source begins anything, and only when the target has nothing to write and nothing
 * queued. Whatever else is written to the target later stands behind the pipe's bytes.
 *
 * <p>EAGAIN means one thing each time, because a pipe is empty before a splice into it and not empty before one out of
 * it: the source has no more, or the target is full.
 */
final class Tunnel {
    /** Bytes of a splice. */
    private static final int SPLICE_BYTES_MAX = Pipes.LARGE_BYTES;
    /** Bytes of a turn: as many as reads bring in one. */
    private static final int TURN_BYTES_MAX = 1 << 20;
    /** A turn with fewer bytes is a small one: a copy costs less than the pipe. */
    private static final int SMALL_BYTES = 4 << 10;
    /** So many small turns in a row, and it reads for the next {@code after} bytes. */
    private static final int SMALL_TURNS_MAX = 8;

    private static final Logger LOG = LoggerFactory.getLogger(Tunnel.class);

    /** What became of a turn. */
    enum Turn {
        /** The source must be read into a buffer. */
        READ,
        /** The source has no more now. */
        DRAINED,
        /** Enough for one entry. */
        MORE,
        /** The target has to write first; the source is told by {@link ReadingChannel#unblocked}. */
        BLOCKED,
        /** The source has ended. */
        END,
        /** The source is broken: {@link #error}. */
        BROKEN
    }

    private final MovableStreamChannel source;
    private final MovableStreamChannel target;
    private final long after;
    private final SpliceListener listener;
    private final Posix posix;
    private final Pipes pipes;

    // Under the claim on the source:
    /** Bytes that were read into buffers since it began, or became small. */
    private long read;

    private int smallTurns;
    private int turnBytes;
    private int error;
    private boolean sourceIsUnable;
    private boolean blocked;

    // Under the claim on the target:
    /** In the midst of a write, after which the source looks for itself. */
    private boolean writing;

    private boolean targetIsUnable;

    Tunnel(MovableStreamChannel source, MovableStreamChannel target, long after, SpliceListener listener) {
        this.source = source;
        this.target = target;
        this.after = after;
        this.listener = listener;
        this.posix = source.env.posix();
        this.pipes = source.env.pipes();
    }

    /** The source's holder: nothing is to be read now. */
    boolean isBlocked() {
        return blocked;
    }

    /** The source's holder: so much was read into a buffer. */
    void read(int bytes) {
        read += bytes;
    }

    /** The source's holder: the error number of a turn that ended {@link Turn#BROKEN}, negative. */
    int error() {
        return error;
    }

    /** The source's holder: bytes that the last turn took from the source. */
    int turnBytes() {
        return turnBytes;
    }

    /** The target has written what it had to write. */
    void unblock() {
        blocked = false;
    }

    // ---- the source's turn ----------------------------------------------------------------------------------------

    /** The source's holder, which wants to read. */
    Turn turn() {
        turnBytes = 0;
        if (read < after || sourceIsUnable || !hasOneHandler(source) || !target.tryEnter()) {
            return Turn.READ;
        }
        try {
            return canPass() ? pass() : Turn.READ;
        } finally {
            target.leave();
        }
    }

    private boolean canPass() {
        return !targetIsUnable
                && !target.isGone()
                && target.isActive()
                && !target.isOutputShutdown()
                && hasOneHandler(target);
    }

    /** Others could look at the bytes, or change them, as TLS does. */
    private static boolean hasOneHandler(Channel channel) {
        return channel.pipeline().firstContext() == channel.pipeline().lastContext();
    }

    private Turn pass() {
        ChannelOutboundBuffer out = target.unsafe().outboundBuffer();
        if (out == null) {
            return Turn.READ;
        }
        if (out.totalPendingWriteBytes() > 0 && !write(out, new PipeBytes(this))) {
            return Turn.BLOCKED;
        }
        Pipe pipe = pipes.take();
        if (pipe == null) {
            read = 0;
            return Turn.READ;
        }
        try {
            while (canPass()) {
                Pipe filled = pipe;
                int bytes = splice(filled);
                if (bytes <= 0) {
                    return nothing(bytes);
                }
                pipe = null; // the piece's from here on
                PipeBytes piece = new PipeBytes(this, filled, bytes);
                boolean done = write(out, piece);
                if (done && piece.isWritten()) {
                    pipe = filled;
                }
                turnBytes += bytes;
                listener.taken(bytes);
                if (!done) {
                    return Turn.BLOCKED;
                }
                if (pipe == null) {
                    return Turn.READ; // given up with the target, and the pipe with it
                }
                if (turnBytes >= TURN_BYTES_MAX) {
                    smallTurns = 0;
                    return Turn.MORE;
                }
            }
            return Turn.READ; // which finds out what has become of the target
        } finally {
            if (pipe != null) {
                pipes.give(pipe);
            }
        }
    }

    private int splice(Pipe pipe) {
        int bytes;
        do {
            bytes = posix.splice(source.live().number(), pipe.writeEnd(), SPLICE_BYTES_MAX);
        } while (bytes == -Errno.EINTR);
        return bytes;
    }

    private Turn nothing(int result) {
        if (result == 0) {
            return Turn.END;
        }
        if (result == -Errno.EAGAIN) {
            countSmall();
            return Turn.DRAINED;
        }
        if (isUnable(result)) {
            sourceIsUnable = true;
            return Turn.READ;
        }
        error = result;
        return Turn.BROKEN; // the splice has taken the error from the socket: a read would find an end in order
    }

    private void countSmall() {
        if (turnBytes >= SMALL_BYTES) {
            smallTurns = 0;
        } else if (turnBytes > 0 && ++smallTurns >= SMALL_TURNS_MAX) {
            smallTurns = 0;
            read = 0;
        }
    }

    /** Whether an answer of splice(2) is about the call and not about the connection. */
    static boolean isUnable(int result) {
        return switch (-result) {
            case Errno.EINVAL, Errno.ENOSYS, Errno.EOPNOTSUPP, Errno.ENOMEM, Errno.EPERM, Errno.EACCES -> true;
            default -> false;
        };
    }

    // ---- the target's ---------------------------------------------------------------------------------------------

    /** Holder of both: true if it is written or given up by the time that this returns. */
    private boolean write(ChannelOutboundBuffer out, PipeBytes piece) {
        blocked = true;
        writing = true;
        try {
            // Of size 0: it holds no memory of this process, and what limits it is that the source is blocked.
            out.addMessage(piece, 0, target.voidPromise());
            target.unsafe().flush();
        } finally {
            writing = false;
        }
        if (piece.refCnt() > 0) {
            return false;
        }
        blocked = false;
        return true;
    }

    /** The target's holder: bytes have gone from the pipe. */
    void passed(int bytes) {
        pipes.count(bytes);
        listener.passed(bytes);
    }

    /** The target's holder: its socket takes nothing from a pipe. */
    void targetIsUnable() {
        targetIsUnable = true;
    }

    /** The target's holder: a piece is written or given up. */
    void released(@Nullable Pipe pipe, boolean written) {
        if (pipe != null && !written) {
            pipes.close(pipe);
        } else if (pipe != null && !writing) {
            pipes.give(pipe);
        }
        if (!writing) {
            try {
                source.post(source::unblocked);
            } catch (RejectedExecutionException e) {
                LOG.debug("the last loop of {} has ended, and with it who would read on", source, e);
            }
        }
    }
}
