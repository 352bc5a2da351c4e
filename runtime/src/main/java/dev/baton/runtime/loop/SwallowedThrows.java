package dev.baton.runtime.loop;

import dev.baton.runtime.fd.PluginFailures;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds the owner of what Netty catches and only logs: exceptions of listeners of futures, of {@code exceptionCaught},
 * and of tasks of a loop. Netty has no other hook for them and makes most promises itself, so its log calls are
 * intercepted.
 *
 * <pre>
 *   on a loop's thread:
 *     it has entered a channel                 the error of the innermost one: logged, counted, the channel is closed
 *     a plugin's class is in the stack trace   that plugin's error: logged, counted
 *   else                                       Netty's line, as its level and its appenders are configured
 * </pre>
 */
public final class SwallowedThrows {
    private static final Logger LOG = LoggerFactory.getLogger(SwallowedThrows.class);

    private static final String LOGBACK = "ch.qos.logback.classic.LoggerContext";

    private SwallowedThrows() {}

    /**
     * From here on, for all loops of this JVM. Does nothing if it is done already, or if the logging is not Logback's.
     */
    public static void install() {
        // By name: without Logback the filter's class cannot be loaded.
        if (LoggerFactory.getILoggerFactory().getClass().getName().equals(LOGBACK)) {
            NettyLogFilter.install();
        } else {
            LOG.warn("the logging is not Logback: Netty logs what listeners of futures throw, and it is not counted");
        }
    }

    /** True if it was given to its owner. On the thread that has caught it. */
    static boolean isOwned(Throwable cause) {
        BatonLoop loop = BatonLoop.currentLoop();
        if (loop == null) {
            return false;
        }
        Occupant occupant = loop.occupants().innermost();
        if (occupant != null) {
            occupant.threw(cause);
            return true;
        }
        PluginFailures failures = loop.failures();
        String plugin = PluginFailures.nearest(cause);
        if (failures == null || plugin.isEmpty()) {
            return false;
        }
        LOG.error("a task of plugin {} threw on {}", plugin, loop, cause);
        failures.failed(plugin, cause);
        return true;
    }
}
