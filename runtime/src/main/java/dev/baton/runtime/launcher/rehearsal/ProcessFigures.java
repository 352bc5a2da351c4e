package dev.baton.runtime.launcher.rehearsal;

import dev.baton.runtime.launcher.admin.AdminClient;
import dev.baton.runtime.launcher.admin.AdminException;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What the process itself counts while it is rehearsed with, of all its clients. Read again and again, because the
 * process may be replaced, and the next one counts from zero: what was counted between the last look and the end of a
 * process is missing.
 */
final class ProcessFigures implements AutoCloseable {
    private static final Duration LOOK = Duration.ofMillis(250);
    private static final Pattern SAMPLE = Pattern.compile("^(\\w+)(?:\\{([^}]*)})? ([0-9.eE+]+)$", Pattern.MULTILINE);

    private final AdminClient admin;
    private final Thread thread;
    private final Map<Figure, Long> before = new EnumMap<>(Figure.class);
    private final Map<Figure, Long> total = new EnumMap<>(Figure.class);
    private long pid = -1;
    private volatile boolean stopped;

    /** What is worth a line. */
    enum Figure {
        REQUESTS("baton_http_requests_total", "", "requests"),
        ERRORS("baton_http_responses_total", "status=\"5xx\"", "answered with 5xx"),
        CUT("baton_http_aborts_total", "how=\"cut\"", "cut off by Baton"),
        BLOCKED("baton_loop_blocked_total", "", "loops found blocked"),
        RESCUED("baton_rescued_connections_total", "", "connections taken over from blocked loops"),
        SPARES("baton_spare_loop_calls_total", "", "calls for spare loops"),
        TAKEOVERS("baton_takeovers_total", "result=\"taken\"", "takeovers"),
        RECEIVED("baton_listener_received_total", "", "live connections received from the process before"),
        LANES("baton_lane_openings_total", "", "times that a service got loops of its own");

        private final String metric;
        private final String label;
        private final String words;

        Figure(String metric, String label, String words) {
            this.metric = metric;
            this.label = label;
            this.words = words;
        }

        /** What is counted, for a person. */
        String words() {
            return words;
        }

        /** True if it is what a client of the process sees, and not what the process does about it. */
        boolean isSeenByClients() {
            return this == REQUESTS || this == ERRORS || this == CUT;
        }
    }

    /** Begins to look. */
    ProcessFigures(AdminClient admin) {
        this.admin = admin;
        this.thread = new Thread(this::look, "rehearsal-figures");
        thread.setDaemon(true);
        take();
        thread.start();
    }

    private void look() {
        while (!stopped) {
            try {
                TimeUnit.NANOSECONDS.sleep(LOOK.toNanos());
            } catch (InterruptedException stop) {
                return;
            }
            take();
        }
    }

    private synchronized void take() {
        try {
            long asked = admin.object("/v1/status").getLong("pid", -1L);
            Map<Figure, Long> now = parse(admin.get("/metrics"));
            boolean first = pid < 0;
            boolean replaced = asked != pid;
            pid = asked;
            for (Figure each : Figure.values()) {
                long value = now.getOrDefault(each, 0L);
                long since = replaced ? 0 : before.getOrDefault(each, 0L);
                before.put(each, value);
                // A request that came between the two questions may have been answered by the process before.
                total.merge(each, first ? 0 : Math.max(0, value - since), Long::sum);
            }
        } catch (AdminException between) {
            // One process has gone and the next one does not answer yet; what is wrong, the rehearsal sees.
        }
    }

    /** The sums of what a scrape has of each figure. */
    static Map<Figure, Long> parse(String scrape) {
        Map<Figure, Long> sums = new EnumMap<>(Figure.class);
        Matcher sample = SAMPLE.matcher(scrape);
        while (sample.find()) {
            String labels = sample.group(2) == null ? "" : sample.group(2);
            for (Figure each : Figure.values()) {
                if (each.metric.equals(sample.group(1)) && labels.contains(each.label)) {
                    sums.merge(each, (long) Double.parseDouble(sample.group(3)), Long::sum);
                }
            }
        }
        return sums;
    }

    /** What has happened since the beginning. */
    synchronized Map<Figure, Long> sinceBeginning() {
        take();
        return new EnumMap<>(total);
    }

    @Override
    public void close() {
        stopped = true;
        thread.interrupt();
    }
}
