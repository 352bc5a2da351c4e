package dev.baton.plugin.rebalance;

import java.util.List;
import java.util.stream.Collectors;
import jdk.jfr.FlightRecorder;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** From the moment the loops were found uneven to the one at which nothing more is to be done about it. */
final class Episode {
    private static final Logger LOG = LoggerFactory.getLogger(Episode.class);

    private final int loop;
    private final long since;
    private final List<Load> before;
    private int moved;
    private int refused;

    Episode(Spread spread, long now, List<Load> loads) {
        this.loop = spread.hottest().loop().id();
        this.since = now;
        this.before = loads;
    }

    void count(int more, int moreRefused) {
        moved += more;
        refused += moreRefused;
    }

    int moved() {
        return moved;
    }

    /** Tells, if anything has come of it. */
    void over(long now, List<Load> loads) {
        if (moved == 0) {
            LOG.debug("nothing can be taken from {} that would help", words(before));
            return;
        }
        if (FlightRecorder.isInitialized()) { // else it would be started by this
            RebalanceEvent event = new RebalanceEvent();
            event.loop = loop;
            event.nanos = now - since;
            event.moved = moved;
            event.refused = refused;
            event.commit();
        }
        LOG.info(
                "{} connections were moved within {} ms, {} were busy; the loads were {} and are {}",
                moved,
                (now - since) / 1_000_000,
                refused,
                words(before),
                words(loads));
    }

    private static String words(List<Load> loads) {
        return loads.stream().map(Load::words).collect(Collectors.joining(", "));
    }
}
