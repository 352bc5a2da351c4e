package dev.baton.runtime.launcher.command;

import dev.baton.runtime.launcher.admin.AdminClient;
import dev.baton.runtime.launcher.admin.AdminException;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** A request that drains: waits for it, and says every second how far it is. */
final class Draining {
    private static final Duration SECOND = Duration.ofSeconds(1);

    private final AdminClient client;
    private final Duration grace;
    private final Predicate<String> counted;
    private final PrintWriter err;

    /**
     * Asks for nothing yet.
     *
     * @param grace what the user asked for; null for what the process is configured with
     * @param counted by name, whose connections are meant
     */
    Draining(AdminClient client, @Nullable Duration grace, Predicate<String> counted, PrintWriter err)
            throws AdminException {
        this.client = client;
        this.grace =
                grace == null ? Duration.ofMillis(client.object("/v1/status").getLong("grace-ms", 0L)) : grace;
        this.counted = counted;
        this.err = err;
    }

    /** Sends the POST and waits for its answer. */
    JsonObject post(String path) throws AdminException {
        return finish(path, client::post);
    }

    /** Sends a DELETE and waits for its answer. */
    JsonObject delete(String path) throws AdminException {
        return finish(path, client::delete);
    }

    private JsonObject finish(String path, Function<String, AdminClient.Pending> send) throws AdminException {
        long end = System.nanoTime() + grace.toNanos();
        AdminClient.Pending pending =
                send.apply(path + (path.indexOf('?') < 0 ? "?" : "&") + "grace=" + grace.toMillis() + "ms");
        while (true) {
            JsonObject done = pending.within(SECOND);
            if (done != null) {
                return done;
            }
            int open = connections();
            if (open >= 0) {
                long seconds = Math.max(0, (end - System.nanoTime() + 999_999_999) / 1_000_000_000);
                err.println(
                        "draining: " + open + (open == 1 ? " connection, " : " connections, ") + seconds + " s left");
            }
        }
    }

    /** How many connections are open; -1 if the process does not answer, because it is about to end. */
    private int connections() {
        try {
            JsonArray listeners = client.table("/v1/listeners");
            return listeners.stream()
                    .map(JsonObject.class::cast)
                    .filter(row -> counted.test(row.getString("name")))
                    .mapToInt(row -> row.getInteger("connections", 0))
                    .sum();
        } catch (AdminException ending) {
            return -1;
        }
    }
}
