package dev.baton.suites;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class LeftOutTest {

    @ParameterizedTest
    @MethodSource("dev.baton.suites.LeftOut#all")
    void shouldNameATestThatExists(LeftOut entry) throws Exception {
        Class<?> type = Class.forName(entry.type(), false, LeftOutTest.class.getClassLoader());
        assertThat(Arrays.stream(type.getMethods())
                        .filter(each -> Arrays.stream(each.getAnnotations())
                                .anyMatch(mark ->
                                        mark.annotationType().getSimpleName().endsWith("Test")))
                        .map(each -> each.getName()))
                .contains(entry.method());
        assertThat(entry.reason()).isNotBlank();
    }
}
