package dev.baton.runtime.upstream;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The weights of SRV records, up to 65535, as weights of servers, 1 to 256. */
class SrvWeightsTest {
    @ParameterizedTest
    @CsvSource({
        "10 20 256, 10 20 256",
        "0 0, 1 1",
        "7, 7",
        "0, 1",
        "0 1, 1 256",
        "0 10 20, 1 128 256",
        "257 1, 256 1",
        "65535 32768 1, 256 128 1",
        "65535 0, 256 1"
    })
    void theyStayInProportion(String records, String expected) {
        List<SrvRecord> all = Arrays.stream(records.split(" ", -1))
                .map(weight -> new SrvRecord(0, Integer.parseInt(weight), 80, "a"))
                .toList();
        SrvWeights weights = SrvWeights.of(all);
        assertThat(all).extracting(weights::weight).containsExactly(numbers(expected));
    }

    private static Integer[] numbers(String text) {
        return Arrays.stream(text.split(" ", -1)).map(Integer::valueOf).toArray(Integer[]::new);
    }
}
