package dev.baton.runtime.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class ProcessMetricsTest {
    private final UnpooledByteBufAllocator allocator = new UnpooledByteBufAllocator(true);
    private final Meters metrics = new Meters();

    ProcessMetricsTest() {
        metrics.publishProcess("1.2.3", allocator);
    }

    private double value(String series) {
        String text = metrics.scrape();
        Matcher line =
                Pattern.compile("(?m)^" + Pattern.quote(series) + " (\\S+)$").matcher(text);
        assertThat(line.find()).as("%s in %s", series, text).isTrue();
        return Double.parseDouble(line.group(1));
    }

    @Test
    void shouldTellWhatTheJvmAndTheProcessUse() {
        assertThat(value("jvm_memory_used_bytes{area=\"heap\"}")).isBetween(1e5, 1e12);
        assertThat(value("jvm_memory_committed_bytes{area=\"heap\"}"))
                .isGreaterThanOrEqualTo(1e6)
                .isLessThanOrEqualTo(value("jvm_memory_max_bytes{area=\"heap\"}"));
        assertThat(value("jvm_memory_used_bytes{area=\"nonheap\"}")).isPositive();
        assertThat(value("jvm_buffer_pool_used_bytes{pool=\"direct\"}")).isNotNegative();
        assertThat(value("jvm_threads_current")).isBetween(1.0, value("jvm_threads_peak"));
        assertThat(value("jvm_threads_started_total")).isGreaterThanOrEqualTo(value("jvm_threads_current"));
        assertThat(value("process_cpu_seconds_total")).isPositive();
        assertThat(value("process_open_fds")).isBetween(3.0, value("process_max_fds"));
        assertThat(value("process_resident_memory_bytes")).isGreaterThan(1e6);
        assertThat(value("process_start_time_seconds")).isBetween(1.7e9, System.currentTimeMillis() / 1_000.0);
    }

    @Test
    void shouldReadAnewEachTime() {
        ByteBuf buffer = allocator.directBuffer(100_000);
        try {
            assertThat(value("baton_allocator_bytes{kind=\"direct\"}")).isEqualTo(100_000);
        } finally {
            buffer.release();
        }
        assertThat(value("baton_allocator_bytes{kind=\"direct\"}")).isZero();
    }

    @Test
    void shouldCountCollections() {
        double before = collections();
        System.gc();
        assertThat(collections()).isGreaterThan(before);
    }

    private double collections() {
        double all = 0;
        Matcher line = Pattern.compile("(?m)^jvm_gc_collection_seconds_count\\{gc=\"[^\"]+\"\\} (\\S+)$")
                .matcher(metrics.scrape());
        while (line.find()) {
            all += Double.parseDouble(line.group(1));
        }
        return all;
    }

    @Test
    void shouldNameTheVersions() {
        assertThat(value("baton_build_info{java=\"" + Runtime.version() + "\",version=\"1.2.3\"}"))
                .isEqualTo(1);
    }
}
