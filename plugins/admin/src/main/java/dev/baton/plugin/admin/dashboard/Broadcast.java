package dev.baton.plugin.admin.dashboard;

import dev.baton.spi.admin.MoveCount;
import dev.baton.spi.admin.RuntimeView;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends frames to all open pages: each is worked out once for all of them, and none while no page is open.
 *
 * <pre>
 *   frame    how often, at most                                  what for
 *   hello    once a page                                         which process it is
 *   pulse    4 a second, and at most a tenth of the time         loops, moves, blocked loops
 *   tables   1 a second, the same                                everything else
 * </pre>
 *
 * <p>Both are worked out by other threads, and one that hangs, because a plugin has a part in it, holds up no other. A
 * page that does not take what it was sent gets nothing more until it has.
 *
 * <p>Threading: the server's loop, but for the working out.
 */
public final class Broadcast {
    private static final Logger LOG = LoggerFactory.getLogger(Broadcast.class);

    private static final long PULSE_MS = 250;
    private static final long TABLES_MS = 1_000;
    /** A process with a million fds must not be kept busy by those who look at it. */
    private static final long PAUSE_FACTOR = 10;

    private final Vertx vertx;
    private final RuntimeView view;
    private final Function<Object, String> json;
    private final Executor threads;
    private final Set<Page> pages = new LinkedHashSet<>();
    private @Nullable Round round;

    /** A page that is open somewhere. */
    public interface Page {
        /** True if what it was sent before still waits for it. */
        boolean isBehind();

        /** Sends it text. */
        void send(String text);
    }

    /**
     * For no page yet.
     *
     * @param vertx whose loop sends
     * @param view what is shown
     * @param json writes a frame
     * @param threads where frames are worked out
     */
    public Broadcast(Vertx vertx, RuntimeView view, Function<Object, String> json, Executor threads) {
        this.vertx = vertx;
        this.view = view;
        this.json = json;
        this.threads = threads;
    }

    /** A page has been opened. */
    public void add(Page page) {
        page.send("retry: 500\n" + event("hello", Frames.hello(view)));
        pages.add(page);
        if (round == null) {
            Round begun = new Round();
            round = begun;
            begun.begin();
        }
    }

    /** It was closed. */
    public void remove(Page page) {
        Round last = round;
        if (pages.remove(page) && pages.isEmpty() && last != null) {
            round = null;
            last.moves.close();
        }
    }

    private String event(String name, Object frame) {
        return "event: " + name + "\ndata: " + json.apply(frame) + "\n\n";
    }

    /** A kind of frame. */
    private record Beat(String name, long everyMillis, Supplier<Object> frame) {}

    /** From the first page to the end of the last. */
    private final class Round {
        private final Context context = vertx.getOrCreateContext();
        private final MoveCount moves = view.countMoves();

        void begin() {
            workOut(new Beat("pulse", PULSE_MS, () -> Frames.pulse(view, moves.moves())));
            workOut(new Beat("tables", TABLES_MS, () -> Frames.tables(view)));
        }

        private void workOut(Beat beat) {
            threads.execute(() -> {
                long begun = System.nanoTime();
                String text;
                try {
                    text = event(beat.name, beat.frame.get());
                } catch (Throwable t) { // the next frame must come
                    LOG.warn("what the dashboard shows cannot be worked out: {}", beat.name, t);
                    text = "";
                }
                long took = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begun);
                String sent = text;
                context.runOnContext(now -> {
                    send(sent);
                    again(beat, Math.max(beat.everyMillis, took * PAUSE_FACTOR));
                });
            });
        }

        private void send(String text) {
            for (Page each : pages.toArray(new Page[0])) {
                if (!text.isEmpty() && !each.isBehind()) {
                    each.send(text);
                }
            }
        }

        private void again(Beat beat, long pauseMillis) {
            if (round == this) {
                vertx.setTimer(pauseMillis, timer -> {
                    if (round == this) {
                        workOut(beat);
                    }
                });
            }
        }
    }
}
