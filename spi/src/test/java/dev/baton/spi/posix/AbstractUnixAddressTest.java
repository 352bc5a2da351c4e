package dev.baton.spi.posix;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

/** Names of the abstract namespace: bytes, of which most are text. */
class AbstractUnixAddressTest {

    @Test
    void shouldBeEqualByItsBytes() {
        AbstractUnixAddress address = new AbstractUnixAddress("baton");
        assertThat(address).isEqualTo(new AbstractUnixAddress(new byte[] {'b', 'a', 't', 'o', 'n'}));
        assertThat(address).hasSameHashCodeAs(new AbstractUnixAddress("baton"));
        assertThat(address).isNotEqualTo(new AbstractUnixAddress("batoN"));
        assertThat(address).hasToString("@baton");
        address.bytes()[0] = 'x';
        assertThat(address.name()).isEqualTo("baton");
    }

    @Test
    void shouldRefuseANameThatTheKernelCannotHold() {
        assertThat(new AbstractUnixAddress("x".repeat(107)).bytes()).hasSize(107);
        assertThatThrownBy(() -> new AbstractUnixAddress("x".repeat(108)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("108 bytes");
        assertThatThrownBy(() -> new AbstractUnixAddress("")).isInstanceOf(IllegalArgumentException.class);
    }
}
