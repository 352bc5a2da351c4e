package dev.baton.plugin.addresslist;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.spi.config.WrongValueException;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What the keys of the filter may be. */
class AddressListConfigTest {

    @Test
    void shouldTellWhichKeyIsWrong() {
        assertThatThrownBy(() -> new AddressListConfig(List.of("10.0.0.0/8"), List.of("x")))
                .isInstanceOfSatisfying(
                        WrongValueException.class,
                        e -> assertThat(e.component()).isEqualTo("deny"));
        assertThatThrownBy(() -> new AddressListConfig(List.of(), List.of()))
                .hasMessageContaining("needs 'allow' or 'deny'");
    }
}
