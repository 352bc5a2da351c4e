package dev.baton.runtime.posix;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import org.junit.jupiter.api.Test;

/**
 * Guards against functions of exactly six integer arguments: bound by jnr-ffi on x86-64, the sixth is garbage (sendto
 * would read its address length from the return address). It would not be noticed before the kernel sees it.
 */
class LibCTest {

    @Test
    void shouldBindNoFunctionOfSixArguments() {
        int functions = 0;
        for (Method method : LibC.class.getDeclaredMethods()) {
            if (Modifier.isPrivate(method.getModifiers()) || method.isSynthetic()) {
                continue;
            }
            functions++;
            assertThat(method.getParameterCount())
                    .as("parameters of %s", method.getName())
                    .isLessThan(6);
            for (Class<?> type : method.getParameterTypes()) {
                assertThat(type)
                        .as("type of a parameter of %s", method.getName())
                        .isIn(int.class, long.class);
            }
        }
        assertThat(functions).isGreaterThan(20);
    }

    @Test
    void shouldKeepTheErrorNumberOfTheLastCall() {
        assertThat(LibC.close(-1)).isEqualTo(-1);
        assertThat(LibC.lastError()).isEqualTo(9);
        assertThat(LibC.recv(-1, 0, 0, 0)).isEqualTo(-1L);
        assertThat(LibC.lastError()).isEqualTo(9);
        assertThat(LibC.socket(-1, 1, 0)).isEqualTo(-1);
        assertThat(LibC.lastError()).isEqualTo(97);
    }
}
