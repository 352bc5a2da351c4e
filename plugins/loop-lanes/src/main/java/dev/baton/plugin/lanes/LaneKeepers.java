package dev.baton.plugin.lanes;

import dev.baton.spi.loop.LaneLoad;
import dev.baton.spi.loop.LaneSampler;
import jakarta.inject.Singleton;
import java.util.List;

/** One for each lane. Threading: {@link #sample} by one thread, the rest by any. */
@Singleton
final class LaneKeepers implements LaneSampler {
    private volatile List<LaneKeeper> all = List.of();

    void begin(List<LaneKeeper> keepers) {
        all = keepers;
    }

    List<LaneKeeper> all() {
        return all;
    }

    @Override
    public void sample(long nanos, List<LaneLoad> loads) {
        for (LaneKeeper keeper : all) {
            for (LaneLoad load : loads) {
                if (load.lane() == keeper.lane()) {
                    keeper.look(nanos, load);
                }
            }
        }
    }
}
