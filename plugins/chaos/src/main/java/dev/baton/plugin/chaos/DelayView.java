package dev.baton.plugin.chaos;

import dev.baton.spi.admin.AdminView;
import jakarta.inject.Inject;
import java.util.Arrays;
import java.util.List;

/** {@code GET /v1/chaos}: every point and the delay that is set there. */
final class DelayView implements AdminView {
    private final Delays delays;

    @Inject
    DelayView(Delays delays) {
        this.delays = delays;
    }

    /**
     * One point.
     *
     * @param point its word
     * @param ms how long a thread sleeps there; 0 if no delay is set
     * @param every every how many passes
     * @param passes how many threads have passed since it was set
     */
    record Row(String point, long ms, long every, long passes) {}

    static Row row(Delays delays, Point point) {
        Delays.Delay delay = delays.at(point);
        return delay == null
                ? new Row(point.word(), 0, 1, 0)
                : new Row(point.word(), delay.ms, delay.every, delay.passed.get());
    }

    @Override
    public List<Row> rows() {
        return Arrays.stream(Point.values()).map(point -> row(delays, point)).toList();
    }
}
