package dev.baton.runtime.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import com.sun.management.ThreadMXBean;
import dev.baton.spi.metrics.Metrics;
import dev.baton.spi.metrics.Metrics.Histogram;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.slf4j.LoggerFactory;

@Timeout(30)
class HistogramTest {
    private static final String NAME = "baton_test_seconds";

    private final Meters metrics = new Meters();

    private Distribution recorded() {
        return metrics.histograms(NAME).get(0).value();
    }

    @Test
    void shouldPutEachDurationIntoABucketThatBeginsNotAfterItAndEndsAfterIt() {
        Random random = new Random(7);
        for (int i = 0; i < 100_000; i++) {
            long nanos = random.nextLong() >>> (23 + random.nextInt(40));
            int bucket = Buckets.of(nanos);
            assertThat(Buckets.from(bucket)).as("%d ns", nanos).isLessThanOrEqualTo(nanos);
            assertThat(Buckets.from(bucket + 1)).as("%d ns", nanos).isGreaterThan(nanos);
            if (nanos >= 1_024) {
                assertThat((double) Buckets.middle(bucket) / nanos).isCloseTo(1, within(0.04));
            }
        }
        for (int bucket = 0; bucket < Buckets.COUNT; bucket++) {
            assertThat(Buckets.of(Buckets.from(bucket))).isEqualTo(bucket);
        }
        assertThat(Buckets.of(-1)).isZero();
        assertThat(Buckets.of(Long.MAX_VALUE)).isEqualTo(Buckets.COUNT - 1);
    }

    @Test
    void shouldNotWriteOneThatIsForgotten() {
        metrics.histogram(NAME, "Help.", "route", "a").record(5);
        metrics.histogram(NAME, "Help.", "route", "b").record(5);
        metrics.forget(NAME, "route", "a");
        metrics.forget(NAME, "route", "c");
        assertThat(metrics.histograms(NAME)).extracting(Series::labels).containsExactly(Map.of("route", "b"));
        assertThat(metrics.scrape()).contains("route=\"b\"").doesNotContain("route=\"a\"");
        metrics.histogram(NAME, "Help.", "route", "a").record(7);
        assertThat(metrics.histograms(NAME)).hasSize(2);
    }

    @Test
    void shouldTellQuantilesWithinFourPercent() {
        Histogram histogram = metrics.histogram(NAME, "Help.", "route", "a");
        long[] all = new long[10_000];
        Random random = new Random(11);
        for (int i = 0; i < all.length; i++) {
            all[i] = (long) Math.exp(random.nextGaussian() * 2 + Math.log(5e6));
            histogram.record(all[i]);
        }
        Arrays.sort(all);
        Distribution distribution = recorded();
        assertThat(distribution.count()).isEqualTo(all.length);
        assertThat(distribution.sumNanos()).isEqualTo(Arrays.stream(all).sum());
        for (double share : new double[] {0, 0.5, 0.9, 0.99, 0.999, 1}) {
            long exact = all[Math.max(0, (int) Math.ceil(share * all.length) - 1)];
            assertThat(distribution.quantileNanos(share) / (double) exact)
                    .as("quantile %s", share)
                    .isCloseTo(1, within(0.04));
        }
        assertThat(Distribution.EMPTY.quantileNanos(0.99)).isZero();
    }

    @Test
    void shouldTellWhatCameSinceAnEarlierMoment() {
        Histogram histogram = metrics.histogram(NAME, "Help.", "route", "a");
        histogram.record(TimeUnit.SECONDS.toNanos(9));
        Distribution before = recorded();
        histogram.record(TimeUnit.MILLISECONDS.toNanos(5));
        Distribution since = recorded().since(before);
        assertThat(since.count()).isEqualTo(1);
        assertThat(since.sumNanos()).isEqualTo(5_000_000);
        assertThat(since.quantileNanos(1) / 5e6).isCloseTo(1, within(0.04));
        assertThat(recorded().since(recorded()).count()).isZero();
    }

    @Test
    void shouldLoseNothingThatThreadsRecordAtTheSameTime() throws Exception {
        Histogram histogram = metrics.histogram(NAME, "Help.", "route", "a");
        int threads = 40; // more than there are arrays, so that some share one
        int each = 20_000;
        CountDownLatch go = new CountDownLatch(1);
        Thread[] all = new Thread[threads];
        for (int i = 0; i < threads; i++) {
            int thread = i;
            all[i] = new Thread(() -> {
                try {
                    go.await();
                } catch (InterruptedException e) {
                    throw new AssertionError(e);
                }
                for (int n = 0; n < each; n++) {
                    histogram.record(1_000L << (thread % 8));
                }
            });
            all[i].start();
        }
        go.countDown();
        for (Thread thread : all) {
            thread.join();
        }
        assertThat(recorded().count()).isEqualTo((long) threads * each);
        assertThat(recorded().sumNanos()).isEqualTo(1_000L * 255 * each * threads / 8);
    }

    @Test
    void shouldAllocateNothingWhenItRecords() {
        Histogram histogram = metrics.histogram(NAME, "Help.", "route", "a");
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        histogram.record(1); // makes the thread's array
        record(histogram);
        long before = threads.getCurrentThreadAllocatedBytes();
        record(histogram);
        // The bean's own answer is a few bytes; one of 16 bytes for each would be 1.6 MB.
        assertThat(threads.getCurrentThreadAllocatedBytes() - before).isLessThan(10_000);
    }

    private static void record(Histogram histogram) {
        for (int i = 0; i < 100_000; i++) {
            histogram.record(i * 1_000L);
        }
    }

    @Test
    void shouldShowPrometheusAFewBucketsOfRoundBounds() {
        Histogram histogram = metrics.histogram(NAME, "How long.", "route", "/a \"b\"");
        histogram.record(TimeUnit.MICROSECONDS.toNanos(700));
        histogram.record(TimeUnit.MILLISECONDS.toNanos(3));
        histogram.record(TimeUnit.MILLISECONDS.toNanos(4));
        histogram.record(TimeUnit.SECONDS.toNanos(70));
        assertThat(metrics.scrape())
                .contains(
                        "# HELP baton_test_seconds How long.",
                        "# TYPE baton_test_seconds histogram",
                        "baton_test_seconds_bucket{route=\"/a \\\"b\\\"\",le=\"0.001\"} 1\n",
                        "le=\"0.0025\"} 1\n",
                        "le=\"0.005\"} 3\n",
                        "le=\"60.0\"} 3\n",
                        "le=\"+Inf\"} 4\n",
                        "baton_test_seconds_count{route=\"/a \\\"b\\\"\"} 4\n",
                        "baton_test_seconds_sum{route=\"/a \\\"b\\\"\"} 70.0077\n");
    }

    @Test
    void shouldGiveTheSameHistogramForTheSameLabels() {
        Histogram histogram = metrics.histogram(NAME, "Help.", "service", "s", "route", "a");
        assertThat(metrics.histogram(NAME, "Help.", "route", "a", "service", "s"))
                .isSameAs(histogram);
        assertThat(metrics.histogram(NAME, "Help.", "service", "s", "route", "b"))
                .isNotSameAs(histogram);
        assertThat(metrics.histograms(NAME))
                .extracting(series -> series.labels().get("route"))
                .containsExactlyInAnyOrder("a", "b");
    }

    @Test
    void shouldRefuseWrongNamesAndOtherKeys() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> metrics.histogram("baton_test_total", "Help."))
                .withMessageContaining("must end in _seconds");
        metrics.histogram(NAME, "Help.", "route", "a");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> metrics.histogram(NAME, "Help.", "service", "a"))
                .withMessageContaining("its labels are");
    }

    @Test
    void shouldCountTooManySetsOfLabelsTogetherAndSaySoOnce() {
        Logger logger = (Logger) LoggerFactory.getLogger(Family.class);
        ListAppender<ILoggingEvent> log = new ListAppender<>();
        log.start();
        logger.addAppender(log);
        try {
            for (int i = 0; i < Metrics.SERIES_MAX + 3; i++) {
                metrics.histogram(NAME, "Help.", "route", "r" + i).record(5);
                metrics.counter("baton_test_total", "Help.", "route", "r" + i).increment();
            }
        } finally {
            logger.detachAppender(log);
        }
        assertThat(metrics.histograms(NAME)).hasSize(Metrics.SERIES_MAX + 1);
        assertThat(metrics.counters("baton_test_total")).hasSize(Metrics.SERIES_MAX + 1);
        assertThat(metrics.histograms(NAME).stream()
                        .filter(series -> "other".equals(series.labels().get("route")))
                        .map(series -> series.value().count()))
                .containsExactly(3L);
        assertThat(metrics.counters("baton_test_total")).contains(new Series<>(Map.of("route", "other"), 3L));
        assertThat(metrics.scrape()).contains("baton_test_total{route=\"other\"} 3.0");
        assertThat(log.list)
                .extracting(ILoggingEvent::getFormattedMessage)
                .hasSize(2)
                .allMatch(line -> line.contains("500 sets of label values"));
    }

    @Test
    void shouldAddManyAtATime() {
        Metrics.Counter counter = metrics.counter("baton_test_total", "Help.");
        counter.add(1L << 40);
        counter.increment();
        assertThat(counter.count()).isEqualTo((1L << 40) + 1);
        assertThat(List.of(metrics.counters("baton_test_total").get(0).value())).containsExactly((1L << 40) + 1);
    }

    @Test
    void shouldRefuseOneNameForTwoKindsOfMetrics() {
        metrics.gauge("baton_test_total", "Help.", () -> 1);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> metrics.counter("baton_test_total", "Help."))
                .withMessage("metric baton_test_total is a gauge elsewhere, here a counter");
        metrics.counter("baton_other_seconds_total", "Help.");
        metrics.gauge(NAME, "Help.", () -> 1);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> metrics.histogram(NAME, "Help."))
                .withMessageContaining("is a gauge elsewhere, here a histogram");
    }

    @Test
    void shouldReadValuesOfOthersAnewAndReplaceThem() {
        metrics.counted("baton_test_total", "Help.", () -> 7, "loop", "1", "kind", "b");
        metrics.counted("baton_test_total", "Help.", () -> 8, "kind", "b", "loop", "1");
        metrics.gauge("baton_test_bytes", "Bytes.", () -> -3);
        assertThat(metrics.scrape())
                .contains(
                        "# TYPE baton_test_total counter\nbaton_test_total{kind=\"b\",loop=\"1\"} 8.0\n",
                        "# HELP baton_test_bytes Bytes.\n# TYPE baton_test_bytes gauge\nbaton_test_bytes -3.0\n");
        metrics.forget("baton_test_total", "loop", "1", "kind", "b");
        assertThat(metrics.scrape()).doesNotContain("baton_test_total");
    }

    /** One plugin's mistake does not cost the metrics of others. */
    @Test
    void shouldWriteWhatCanBeRead() {
        metrics.gauge("baton_broken_bytes", "Help.", () -> {
            throw new IllegalStateException("planned");
        });
        metrics.counted("baton_backwards_total", "Help.", () -> -1);
        metrics.gauge("baton_test_bytes", "Help.", () -> 5);
        assertThat(metrics.scrape())
                .contains("baton_test_bytes 5.0", "baton_backwards_total 0.0")
                .doesNotContain("baton_broken_bytes ");
    }

    @Test
    void shouldRefuseWhatPrometheusWouldRefuseOfAll() {
        metrics.counter("baton_hits_total", "Help.");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> metrics.gauge("baton_hits", "Help.", () -> 1))
                .withMessageContaining("there is baton_hits_total already");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> metrics.counter("baton_test_total", "Help.", "a-b", "c"))
                .withMessageContaining("the label 'a-b'");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> metrics.counter("baton_test_total", "Help.").add(-1))
                .withMessageContaining("only goes up");
    }
}
