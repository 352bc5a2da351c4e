package dev.baton.runtime.config;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.spi.config.Choice;
import dev.baton.spi.http.HttpFilter;
import dev.baton.spi.http.HttpHandler;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What is said about the keys of a record. */
class DescribedKeyTest {
    private static final TestVocabulary VOCABULARY = new TestVocabulary();

    /** The key, what is written there, what holds without it, and what is possible. */
    private static String line(DescribedKey key) {
        return Stream.of(
                        key.name(),
                        key.type(),
                        key.absent().isValue()
                                ? "=" + key.absent().text()
                                : key.absent().text(),
                        key.range().orElse(""),
                        String.join(", ", key.choices()))
                .collect(Collectors.joining(" | "));
    }

    private static List<String> lines(List<DescribedKey> keys) {
        return keys.stream().map(DescribedKeyTest::line).toList();
    }

    @Test
    void shouldSayWhatCanBeWrittenAndWhatHoldsWithoutIt() {
        assertThat(lines(DescribedKey.of(TestVocabulary.Proxy.class, VOCABULARY)))
                .containsExactly(
                        "upstream | name of an upstream | required |  | ",
                        "timeout | time | =30s | 10ms to 1h | ",
                        "header-max | size | =64KiB | 1KiB to 1MiB | ",
                        "keep-alive | true or false | =true |  | ",
                        "share | number | =0.5 |  | ",
                        "limit | number | none |  | ",
                        "hosts | list of texts | none |  | ",
                        "weights | numbers by name | none |  | ",
                        "retry | section | its defaults |  | ",
                        "retry.attempts | number | =1 | 0 to 5 | ",
                        "retry.mode | word | =fast |  | fast, very-careful");
    }

    @Test
    void shouldListTheWordsThatPluginsBring() {
        List<DescribedKey> file = ConfigReader.describedKeys(VOCABULARY);
        assertThat(lines(file))
                .contains(
                        "version | number | required |  | ",
                        "services | sections by name | none |  | ",
                        "hooks | sections by name | none |  | ",
                        "listeners | sections by name | none |  | ",
                        "listeners.NAME.bind | text | required |  | ",
                        "listeners.NAME.service | name of a service | required |  | ",
                        "listeners.NAME.tls | keys of the connection filter 'tls' | none |  | ",
                        "upstreams.NAME.servers | list of sections, or their 'address' | required |  | ",
                        "upstreams.NAME.servers[].weight | number | =1 | 0 to 256 | ",
                        "upstreams.NAME.check | section, or its 'type' | none |  | ");
        assertThat(key(file, "poller").choices()).isEqualTo(sorted(VOCABULARY.pollers()));
        DescribedKey filters = key(file, "listeners.NAME.filters");
        assertThat(filters.type()).isEqualTo("list of connection filters");
        assertThat(filters.choices())
                .isEqualTo(sorted(VOCABULARY.connectionFilters().keySet()));
    }

    @Test
    void shouldNameListsOfWhatPluginsBring() {
        record Chained(List<Choice<HttpFilter>> filters, Optional<Choice<HttpHandler>> handler) {}
        List<DescribedKey> keys = DescribedKey.of(Chained.class, VOCABULARY);
        assertThat(key(keys, "filters").type()).isEqualTo("list of HTTP filters");
        assertThat(key(keys, "handler").type()).isEqualTo("HTTP handler");
        assertThat(key(keys, "filters").choices())
                .isEqualTo(sorted(VOCABULARY.httpFilters().keySet()));
    }

    private static DescribedKey key(List<DescribedKey> keys, String name) {
        return keys.stream().filter(key -> key.name().equals(name)).findFirst().orElseThrow();
    }

    private static List<String> sorted(Collection<String> names) {
        return names.stream().sorted().toList();
    }
}
