package dev.baton.spi.config;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HostsTest {

    @ParameterizedTest
    @ValueSource(strings = {"127.0.0.1", "[::1]", "[fe80::1%lo]", "localhost", "a-b.example.", "1st_host", "1.2.3.x"})
    void takesAddressesAndNames(String host) {
        assertThat(Hosts.isHost(host)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "256.1.1.1",
                "1.2.3",
                "1",
                "::1",
                "[::g]",
                "[1.2.3.4]",
                "[::1",
                "[]",
                "*",
                "a b",
                "-a",
                "a..b",
                "a/b"
            })
    void refusesWhatIsNeither(String host) {
        assertThat(Hosts.isHost(host)).isFalse();
    }
}
