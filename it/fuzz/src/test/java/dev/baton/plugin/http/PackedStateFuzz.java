package dev.baton.plugin.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.baton.plugin.http.Bench.Ends;
import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.service.Packed;

/**
 * Whatever another process says of a connection that it has packed: the service refuses it, or sets the connection up.
 * Other connections are served as before, and nothing is held when it has ended.
 */
class PackedStateFuzz {
    private static final int BYTES_MAX = 8 * 1024;

    @FuzzTest(maxDuration = "2m")
    void anyState(byte[] state) {
        if (state.length > BYTES_MAX) {
            return;
        }
        try (Bench bench = new Bench(Ends.TOGETHER)) {
            if (bench.service.unpacks(state)) {
                // It is that of a tunnel, which has a companion, or of a connection that has none.
                assertThat(unpacks(bench, state, bench.client)).isNotEqualTo(unpacks(bench, state));
            }
            bench.warmUp();
        }
    }

    private static boolean unpacks(Bench bench, byte[] state, MovableChannel... companions) {
        try {
            bench.cut(bench.unpack(Packed.of(state, companions), false));
            return true;
        } catch (IllegalArgumentException e) {
            assertThat(e).hasMessageContaining("companions");
            return false;
        }
    }
}
