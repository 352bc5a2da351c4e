package dev.baton.spi.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Which addresses are in networks, and what is no network. */
class AddressSetTest {

    @ParameterizedTest
    @CsvSource({
        "10.0.0.0/8, 10.0.0.0, true",
        "10.0.0.0/8, 10.255.255.255, true",
        "10.0.0.0/8, 9.255.255.255, false",
        "10.0.0.0/8, 11.0.0.0, false",
        "192.0.2.128/25, 192.0.2.127, false",
        "192.0.2.128/25, 192.0.2.200, true",
        "192.0.2.1, 192.0.2.1, true",
        "192.0.2.1, 192.0.2.2, false",
        "192.0.2.1/32, 192.0.2.0, false",
        "0.0.0.0/0, 255.255.255.255, true",
        "0.0.0.0/0, ::1, false",
        "0.0.0.0/0, ::ffff:192.0.2.1, true",
        "::/0, 2001:db8::1, true",
        "::/0, 192.0.2.1, false",
        "2001:db8::/33, 2001:db8:7fff::1, true",
        "2001:db8::/33, 2001:db8:8000::, false",
        "::1, ::1, true",
        "::1, ::2, false",
    })
    void shouldKnowWhatIsInside(String network, String address, boolean inside) throws UnknownHostException {
        assertThat(AddressSet.of(List.of(network)).contains(InetAddress.getByName(address)))
                .isEqualTo(inside);
    }

    /** Networks inside others do not hide what the outer ones have behind them. */
    @Test
    void shouldAgreeWithALookAtEachNetwork() throws UnknownHostException {
        long seed = new Random().nextLong();
        Random random = new Random(seed);
        for (int round = 0; round < 200; round++) {
            List<String> networks = new ArrayList<>();
            List<AddressSet> each = new ArrayList<>();
            for (int i = 0; i < 12; i++) {
                int prefix = 24 + random.nextInt(9);
                int host = random.nextInt(256) & -(1 << (32 - prefix));
                String network = "192.0.2." + host + "/" + prefix;
                networks.add(network);
                each.add(AddressSet.of(List.of(network)));
            }
            AddressSet all = AddressSet.of(networks);
            for (int host = 0; host < 256; host++) {
                InetAddress address = InetAddress.getByName("192.0.2." + host);
                assertThat(all.contains(address))
                        .as("seed %d, %s in %s", seed, address, networks)
                        .isEqualTo(each.stream().anyMatch(one -> one.contains(address)));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "example.com",
                "10.0.0/8",
                "10.0.0.0/",
                "10.0.0.0/33",
                "10.0.0.0/08",
                "10.0.0.0/-1",
                "10.0.0.0/8/8",
                "2001:db8::/129",
                "fe80::1%eth0",
                "[::1]",
                "/8",
                " 10.0.0.0/8",
            })
    void shouldRefuseWhatIsNoNetwork(String text) {
        assertThatThrownBy(() -> Network.parse(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'" + text + "'");
    }

    @Test
    void shouldSayWhatWasProbablyMeant() {
        assertThatThrownBy(() -> Network.parse("10.1.2.3/8"))
                .hasMessage("'10.1.2.3/8' has bits beyond its prefix: did you mean 10.0.0.0/8?");
    }
}
