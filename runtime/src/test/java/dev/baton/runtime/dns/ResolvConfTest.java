package dev.baton.runtime.dns;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/** resolv.conf is read as the C library reads it. */
class ResolvConfTest {
    private static ResolvConf parse(String... lines) {
        return ResolvConf.parse(List.of(lines), "web1.shop.test");
    }

    private static List<String> servers(ResolvConf conf) {
        return conf.servers().stream().map(InetSocketAddress::toString).toList();
    }

    @Test
    void anEmptyFileMeansTheMachineItself() {
        ResolvConf conf = parse();
        assertThat(servers(conf)).containsExactly("localhost/127.0.0.1:53");
        assertThat(conf.search()).as("the domain of the machine's name").containsExactly("shop.test.");
        assertThat(conf.ndots()).isEqualTo(1);
        assertThat(conf.timeout()).isEqualTo(Duration.ofSeconds(5));
        assertThat(conf.attempts()).isEqualTo(2);
        assertThat(conf.rotate()).isFalse();
        assertThat(conf.ipv6()).isTrue();
        assertThat(ResolvConf.parse(List.of(), "web1").search()).isEmpty();
    }

    @Test
    void threeServersAreUsed() {
        assertThat(servers(parse(
                        "nameserver 10.0.0.1",
                        "nameserver\tfd00::2 # the second",
                        "nameserver ns.test",
                        "nameserver fe80::3%nowhere",
                        "nameserver",
                        " nameserver 10.0.0.3",
                        "nameserver 10.0.0.4")))
                .containsExactly("/10.0.0.1:53", "/[fd00:0:0:0:0:0:0:2]:53", "/10.0.0.3:53");
    }

    @Test
    void theLastSearchListCounts() {
        assertThat(parse("search a.test", "domain b.test", "search c.test d.test.")
                        .search())
                .containsExactly("c.test.", "d.test.");
        assertThat(parse("search .").search()).as("none").isEmpty();
    }

    @Test
    void optionsStayWithinBounds() {
        ResolvConf conf = parse("options ndots:5 timeout:3 attempts:4 rotate no-aaaa edns0 unheard-of");
        assertThat(conf.ndots()).isEqualTo(5);
        assertThat(conf.timeout()).isEqualTo(Duration.ofSeconds(3));
        assertThat(conf.attempts()).isEqualTo(4);
        assertThat(conf.rotate()).isTrue();
        assertThat(conf.ipv6()).isFalse();
        ResolvConf wild = parse("options ndots:99 timeout:999", "options attempts:0 timeout:x ndots");
        assertThat(wild.ndots()).isEqualTo(15);
        assertThat(wild.timeout()).isEqualTo(Duration.ofSeconds(30));
        assertThat(wild.attempts()).isEqualTo(1);
    }
}
