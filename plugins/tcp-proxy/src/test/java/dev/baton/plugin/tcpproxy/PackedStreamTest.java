package dev.baton.plugin.tcpproxy;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** What another process has packed is not to be believed. */
class PackedStreamTest {

    @Test
    void shouldReadWhatItHasWritten() {
        PackedStream stream = new PackedStream(3, End.LOOKS_PER_TIMEOUT);
        assertThat(PackedStream.of(stream.bytes())).isEqualTo(stream);
    }

    @Test
    void shouldRefuseWhatIsNoneOfItsVersion() {
        for (byte[] wrong : new byte[][] {
            {}, {1}, {1, 0}, {1, 0, 0, 0}, {0, 0, 0}, {2, 0, 0}, {1, -1, 0}, {1, 0, -1}, {1, 9, 0}, {1, 0, 9}
        }) {
            assertThat(PackedStream.of(wrong)).isNull();
        }
    }
}
