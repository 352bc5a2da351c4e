package dev.baton.runtime.metrics;

import com.sun.management.UnixOperatingSystemMXBean;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufAllocatorMetric;
import io.netty.buffer.ByteBufAllocatorMetricProvider;
import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.CounterSnapshot.CounterDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot.GaugeDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.InfoSnapshot;
import io.prometheus.metrics.model.snapshots.InfoSnapshot.InfoDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import io.prometheus.metrics.model.snapshots.Quantiles;
import io.prometheus.metrics.model.snapshots.SummarySnapshot;
import io.prometheus.metrics.model.snapshots.SummarySnapshot.SummaryDataPointSnapshot;
import java.io.IOException;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryMXBean;
import java.lang.management.MemoryUsage;
import java.lang.management.OperatingSystemMXBean;
import java.lang.management.ThreadMXBean;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.ToLongFunction;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The JVM and the process, under the names of Prometheus' own client for Java. Everything is read when somebody asks,
 * and nothing of the JVM's management is loaded before.
 */
final class ProcessMetrics {
    private static final Logger LOG = LoggerFactory.getLogger(ProcessMetrics.class);
    private static final double NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final double MILLIS = TimeUnit.SECONDS.toMillis(1);
    private static final double KIB = 1024;
    private static final Path STATUS = Path.of("/proc/self/status");
    private static final String RESIDENT = "VmRSS:";

    private final String version;
    private final ByteBufAllocator allocator;

    /**
     * Of this process.
     *
     * @param version Baton's
     * @param allocator the one that connections take their buffers from
     */
    ProcessMetrics(String version, ByteBufAllocator allocator) {
        this.version = version;
        this.allocator = allocator;
    }

    /** Everything, as it is now. */
    MetricSnapshots collect() {
        List<MetricSnapshot> all = new ArrayList<>();
        all.add(InfoSnapshot.builder()
                .name("baton_build_info")
                .help("The versions of Baton and of the JDK, as labels.")
                .dataPoint(InfoDataPointSnapshot.builder()
                        .labels(Labels.of(
                                "version", version, "java", Runtime.version().toString()))
                        .build())
                .build());
        memory(all);
        threads(all);
        process(all);
        return new MetricSnapshots(all);
    }

    private void memory(List<MetricSnapshot> all) {
        all.add(areas("jvm_memory_used_bytes", "Memory of the JVM that is used.", MemoryUsage::getUsed));
        all.add(areas("jvm_memory_committed_bytes", "Memory of the JVM that it has got.", MemoryUsage::getCommitted));
        all.add(areas("jvm_memory_max_bytes", "Memory that the JVM may get; -1 if unlimited.", MemoryUsage::getMax));
        all.add(pools("jvm_buffer_pool_used_bytes", "Memory of the JDK's buffers.", BufferPoolMXBean::getMemoryUsed));
        all.add(pools("jvm_buffer_pool_used_buffers", "The JDK's buffers.", BufferPoolMXBean::getCount));
        if (allocator instanceof ByteBufAllocatorMetricProvider provider) {
            ByteBufAllocatorMetric metric = provider.metric();
            all.add(GaugeSnapshot.builder()
                    .name("baton_allocator_bytes")
                    .help("Memory that the allocator of connections' buffers has taken.")
                    .dataPoint(point(metric.usedHeapMemory(), "kind", "heap"))
                    .dataPoint(point(metric.usedDirectMemory(), "kind", "direct"))
                    .build());
        }
        SummarySnapshot.Builder collections = SummarySnapshot.builder()
                .name("jvm_gc_collection_seconds")
                .help("Collections of garbage, and the time that each collector has spent in them.");
        for (GarbageCollectorMXBean each : ManagementFactory.getGarbageCollectorMXBeans()) {
            collections.dataPoint(new SummaryDataPointSnapshot(
                    Math.max(0, each.getCollectionCount()),
                    Math.max(0, each.getCollectionTime()) / MILLIS,
                    Quantiles.EMPTY,
                    Labels.of("gc", each.getName()),
                    null,
                    0));
        }
        all.add(collections.build());
    }

    private static MetricSnapshot areas(String name, String help, ToLongFunction<MemoryUsage> value) {
        MemoryMXBean memory = ManagementFactory.getMemoryMXBean();
        return GaugeSnapshot.builder()
                .name(name)
                .help(help)
                .dataPoint(point(value.applyAsLong(memory.getHeapMemoryUsage()), "area", "heap"))
                .dataPoint(point(value.applyAsLong(memory.getNonHeapMemoryUsage()), "area", "nonheap"))
                .build();
    }

    private static MetricSnapshot pools(String name, String help, ToLongFunction<BufferPoolMXBean> value) {
        GaugeSnapshot.Builder gauge = GaugeSnapshot.builder().name(name).help(help);
        for (BufferPoolMXBean each : ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class)) {
            gauge.dataPoint(point(value.applyAsLong(each), "pool", each.getName()));
        }
        return gauge.build();
    }

    private static void threads(List<MetricSnapshot> all) {
        ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        all.add(gauge("jvm_threads_current", "Threads.", threads.getThreadCount()));
        all.add(gauge("jvm_threads_daemon", "Threads that do not keep the JVM.", threads.getDaemonThreadCount()));
        all.add(gauge("jvm_threads_peak", "The most threads so far.", threads.getPeakThreadCount()));
        all.add(counter("jvm_threads_started", "Threads started.", (double) threads.getTotalStartedThreadCount()));
    }

    private static void process(List<MetricSnapshot> all) {
        OperatingSystemMXBean system = ManagementFactory.getOperatingSystemMXBean();
        if (system instanceof UnixOperatingSystemMXBean unix) {
            all.add(counter("process_cpu_seconds", "Processor time of the process.", unix.getProcessCpuTime() / NANOS));
            long most = unix.getMaxFileDescriptorCount();
            all.add(gauge("process_open_fds", "Open fds of the process.", (double) openFds(unix, most)));
            all.add(gauge("process_max_fds", "How many it may open.", (double) most));
        }
        all.add(gauge(
                "process_start_time_seconds",
                "When the process started, in seconds since 1970.",
                ManagementFactory.getRuntimeMXBean().getStartTime() / MILLIS));
        double resident = residentBytes();
        if (resident > 0) {
            all.add(gauge("process_resident_memory_bytes", "Memory of the process that is in RAM.", resident));
        }
    }

    /** To count them the JDK opens a folder: where it fails to, all that the process may have are open. */
    private static long openFds(UnixOperatingSystemMXBean unix, long most) {
        try {
            return unix.getOpenFileDescriptorCount();
        } catch (InternalError e) {
            LOG.debug("cannot count the open fds", e);
            return most;
        }
    }

    /** As the kernel says; 0 if it does not. */
    private static double residentBytes() {
        try {
            for (String line : Files.readAllLines(STATUS)) {
                if (line.startsWith(RESIDENT)) {
                    return Double.parseDouble(line.substring(RESIDENT.length())
                                    .replace("kB", "")
                                    .strip())
                            * KIB;
                }
            }
        } catch (IOException | NumberFormatException e) {
            LOG.debug("{} cannot be read", STATUS, e);
        }
        return 0;
    }

    private static MetricSnapshot gauge(String name, String help, double value) {
        return GaugeSnapshot.builder()
                .name(name)
                .help(help)
                .dataPoint(GaugeDataPointSnapshot.builder().value(value).build())
                .build();
    }

    /** Its name is followed by {@code _total}. */
    private static MetricSnapshot counter(String name, String help, double value) {
        return CounterSnapshot.builder()
                .name(name)
                .help(help)
                .dataPoint(CounterDataPointSnapshot.builder()
                        .value(Math.max(0, value))
                        .build())
                .build();
    }

    private static GaugeDataPointSnapshot point(long value, String key, String label) {
        return GaugeDataPointSnapshot.builder()
                .value((double) value)
                .labels(Labels.of(key, label))
                .build();
    }
}
