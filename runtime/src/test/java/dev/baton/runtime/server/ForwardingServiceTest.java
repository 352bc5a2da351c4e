package dev.baton.runtime.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.mockito.ArgumentMatchers.any;
import static org.mockito.Mockito.mock;
import static org.mockito.Mockito.verify;

import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.service.Service;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class ForwardingServiceTest {
    /** What a service has that is not passed on would be the default of the SPI. */
    @Test
    void shouldPassEverythingOn() {
        List<String> missing = Arrays.stream(Service.class.getMethods())
                .filter(each -> !Modifier.isStatic(each.getModifiers()))
                .filter(each -> !isDeclared(each))
                .map(Method::getName)
                .toList();
        assertThat(missing).isEmpty();
    }

    private static boolean isDeclared(Method method) {
        return Arrays.stream(ForwardingService.class.getDeclaredMethods())
                .anyMatch(each -> each.getName().equals(method.getName())
                        && Arrays.equals(each.getParameterTypes(), method.getParameterTypes()));
    }

    @Test
    void shouldSetConnectionsUp() {
        Service service = mock(Service.class);
        new ForwardingService(service) {}.initialize(mock(MovableChannel.class), "web");
        verify(service).initialize(any(), any());
    }
}
