package dev.baton.plugin.admin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AdminConfigTest {

    @Test
    void takesTheAddressApart() {
        assertThat(new AdminConfig("127.0.0.1:9901").host()).isEqualTo("127.0.0.1");
        assertThat(new AdminConfig("127.0.0.1:9901").port()).isEqualTo(9901);
        assertThat(new AdminConfig("[::1]:1").host()).isEqualTo("::1");
        assertThat(new AdminConfig("[::1]:0").withPort(7)).isEqualTo("[::1]:7");
        assertThat(new AdminConfig("*:9901").host()).isEqualTo("0.0.0.0");
        assertThat(new AdminConfig("localhost:65535").port()).isEqualTo(65_535);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "9901",
                ":9901",
                "::1:9901",
                "host:",
                "host:x",
                "host:65536",
                "host:-1",
                "host:999999",
                "256.1.1.1:1",
                "1.2.3:1",
                "[::g]:1",
                "[1.2.3.4]:1"
            })
    void refusesWhatIsNoAddress(String listen) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new AdminConfig(listen))
                .withMessageContaining("\"" + listen + "\"");
    }
}
