package dev.baton.plugin.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.spi.service.Service;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class ChaosServiceTest {
    /** What is not passed on would be the default of the SPI: connections that stay in an upgrade, for example. */
    @Test
    void shouldPassEverythingOnButTheCloseWhichIsNotItsOwn() {
        assertThat(Arrays.stream(Service.class.getMethods())
                        .filter(each -> !Modifier.isStatic(each.getModifiers()))
                        .filter(each -> !isDeclared(each))
                        .map(Method::getName))
                .containsExactly("close");
    }

    private static boolean isDeclared(Method method) {
        return Arrays.stream(ChaosService.class.getDeclaredMethods())
                .anyMatch(each -> each.getName().equals(method.getName())
                        && Arrays.equals(each.getParameterTypes(), method.getParameterTypes()));
    }
}
