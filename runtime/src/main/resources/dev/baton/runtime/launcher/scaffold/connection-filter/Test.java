package __package__;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.spi.config.WrongValueException;
import java.net.InetSocketAddress;
import org.junit.jupiter.api.Test;

/** Which clients may come, and what the key may be. */
class __Name__Test {

    @Test
    void shouldAdmitItsNetworkAlone() {
        var filter = new __Name__ConnectionFilter(new __Name__ConnectionFilter.Keys("10.0.0.0/8"));
        assertThat(filter.admits(new InetSocketAddress("10.1.2.3", 4711))).isTrue();
        assertThat(filter.admits(new InetSocketAddress("11.1.2.3", 4711))).isFalse();
        assertThat(filter.admits(null)).isFalse();
    }

    @Test
    void shouldRefuseWhatIsNoNetwork() {
        assertThatThrownBy(() -> new __Name__ConnectionFilter.Keys("here")).isInstanceOf(WrongValueException.class);
    }
}
