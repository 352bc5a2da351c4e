package dev.baton.runtime.server;

import dev.baton.runtime.channel.MemoryBudget;
import dev.baton.runtime.channel.MemoryBudget.Kind;
import dev.baton.runtime.config.MemoryConfig;
import dev.baton.runtime.metrics.Meters;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What connections may hold of the memory that this JVM may take. */
final class MemoryLimits {
    private static final Pattern MAX_DIRECT = Pattern.compile("-XX:MaxDirectMemorySize=(\\d+)([kKmMgGtT]?)");

    private MemoryLimits() {}

    /** Sets the limits of a budget and shows it in the metrics. */
    static void apply(MemoryConfig config, MemoryBudget budget, Meters metrics) {
        long heap = Runtime.getRuntime().maxMemory();
        long direct = maxDirect(ManagementFactory.getRuntimeMXBean().getInputArguments(), heap);
        budget.limit((long) (heap * config.heap().share()), (long)
                (direct * config.direct().share()));
        for (Kind kind : Kind.values()) {
            metrics.gauge(
                    "baton_memory_held_bytes",
                    "Memory that connections hold in unfinished requests and bytes that wait.",
                    () -> budget.held(kind),
                    "kind",
                    kind.label());
            metrics.gauge(
                    "baton_memory_budget_bytes",
                    "Memory that connections may hold; above it the largest and oldest end.",
                    () -> budget.limit(kind),
                    "kind",
                    kind.label());
            metrics.counted(
                    "baton_memory_evictions_total",
                    "Connections ended because they held too much memory.",
                    () -> budget.evictions(kind),
                    "kind",
                    kind.label());
        }
        metrics.counted(
                "baton_memory_allocation_failures_total",
                "Connections closed because there was no direct memory for a buffer.",
                budget::allocationFailures);
    }

    /**
     * How much direct memory a JVM may take, in bytes.
     *
     * @param options those that it was started with; the last one counts
     * @param heap what it is without an option
     */
    static long maxDirect(List<String> options, long heap) {
        long bytes = 0;
        for (String option : options) {
            Matcher matcher = MAX_DIRECT.matcher(option);
            if (matcher.matches()) {
                int unit = "kmgt".indexOf(matcher.group(2).toLowerCase(Locale.ROOT));
                bytes = Long.parseLong(matcher.group(1)) << (matcher.group(2).isEmpty() ? 0 : 10 * (unit + 1));
            }
        }
        return bytes == 0 ? heap : bytes;
    }
}
