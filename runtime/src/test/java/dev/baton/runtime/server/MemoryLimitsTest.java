package dev.baton.runtime.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MemoryLimitsTest {
    private static final long HEAP = 1000;

    @ParameterizedTest
    @CsvSource({"4096, 4096", "64k, 65536", "64M, 67108864", "2g, 2147483648", "1T, 1099511627776", "0, 1000"})
    void readsWhatTheVirtualMachineReads(String option, long bytes) {
        assertThat(MemoryLimits.maxDirect(List.of("-Xmx1g", "-XX:MaxDirectMemorySize=" + option), HEAP))
                .isEqualTo(bytes);
    }

    @Test
    void theLastOptionCounts() {
        assertThat(MemoryLimits.maxDirect(
                        List.of("-XX:MaxDirectMemorySize=1", "-XX:MaxDirectMemorySize=2", "-Dx=y"), HEAP))
                .isEqualTo(2);
        assertThat(MemoryLimits.maxDirect(List.of("-XX:+UseSerialGC"), HEAP)).isEqualTo(HEAP);
    }
}
