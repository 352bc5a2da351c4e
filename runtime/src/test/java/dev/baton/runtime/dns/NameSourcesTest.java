package dev.baton.runtime.dns;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** nsswitch.conf says whether DNS is asked, and what before it. */
class NameSourcesTest {

    @ParameterizedTest
    @CsvSource({
        "'', true, true, false",
        "'passwd: files', true, true, false",
        "'hosts: files dns', true, true, false",
        "'hosts:files dns # as ever', true, true, false",
        "'# hosts: files', true, true, false",
        "'hosts: dns files', true, false, false",
        "'hosts: files', false, false, false",
        "'hosts: files mymachines resolve [!UNAVAIL=return] dns', true, true, false",
        "'hosts: files resolve [!UNAVAIL=return]', false, false, false",
        "'hosts: files mdns4_minimal [NOTFOUND=return] dns', true, true, true",
        "'hosts: files dns mdns4', true, true, false",
        "'hosts: files [dns=return] myhostname', false, false, false"
    })
    void theLineIsRead(String line, boolean dns, boolean files, boolean multicast) {
        assertThat(NameSources.parse(List.of(line))).isEqualTo(new NameSources(dns, files, multicast));
    }

    @Test
    void localNamesAreLeftToMulticastDns() {
        NameSources sources = new NameSources(true, true, true);
        assertThat(sources.dnsFor("printer.Local", true)).isFalse();
        assertThat(sources.dnsFor("printer.local.", false)).isFalse();
        assertThat(sources.dnsFor("local.test", false)).isTrue();
        assertThat(new NameSources(true, true, false).dnsFor("app.svc.cluster.local", false))
                .isTrue();
    }

    @Test
    void namedServersAreAskedWhateverTheMachineDoes() {
        NameSources sources = new NameSources(false, false, false);
        assertThat(sources.dnsFor("app.test", false)).isFalse();
        assertThat(sources.dnsFor("app.test", true)).isTrue();
    }
}
