package dev.baton.testkit;

import dev.baton.runtime.posix.Posix;
import java.lang.reflect.Proxy;
import java.util.function.IntUnaryOperator;

/** System calls for an fd table that stands alone: it closes, and nothing else. Orders no threads. */
public final class ClosingPosix {
    private ClosingPosix() {}

    /**
     * Makes one.
     *
     * @param close what close(2) does and answers
     */
    public static Posix of(IntUnaryOperator close) {
        return (Posix) Proxy.newProxyInstance(
                ClosingPosix.class.getClassLoader(), new Class<?>[] {Posix.class}, (proxy, method, arguments) -> {
                    return switch (method.getName()) {
                        case "close" -> close.applyAsInt((Integer) arguments[0]);
                        case "equals" -> proxy == arguments[0];
                        case "hashCode" -> System.identityHashCode(proxy);
                        case "toString" -> "close(2) and nothing else";
                        default -> throw new UnsupportedOperationException(method.getName());
                    };
                });
    }
}
