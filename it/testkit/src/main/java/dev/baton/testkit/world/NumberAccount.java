package dev.baton.testkit.world;

import dev.baton.runtime.posix.PassedFds;
import dev.baton.runtime.posix.Posix;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.IntConsumer;

/** The real system calls, with an account of the numbers that they give and take. Any thread. */
final class NumberAccount {
    /** What answers with a new number. */
    private static final Set<String> OPENING = Set.of("socket", "accept", "dup", "epollCreate", "eventfd");

    private final Posix real;
    private final Posix posix;
    private final IntConsumer closing;
    private final Set<Integer> open = ConcurrentHashMap.newKeySet();

    /**
     * Puts itself between the caller and the real calls.
     *
     * @param closing is told of each number before it is closed
     */
    NumberAccount(Posix real, IntConsumer closing) {
        this.real = real;
        this.closing = closing;
        this.posix = (Posix) Proxy.newProxyInstance(
                NumberAccount.class.getClassLoader(),
                new Class<?>[] {Posix.class},
                (proxy, method, arguments) -> call(method, arguments));
    }

    Posix posix() {
        return posix;
    }

    /** The numbers that were given and not closed. */
    Collection<Integer> open() {
        return List.copyOf(open);
    }

    private Object call(Method method, Object[] arguments) throws Throwable {
        String name = method.getName();
        if (name.equals("close")) {
            // Before the call: behind it the number may be somebody else's, who enters it again.
            open.remove(arguments[0]);
            closing.accept((Integer) arguments[0]);
        }
        Object result;
        try {
            result = method.invoke(real, arguments);
        } catch (InvocationTargetException e) {
            throw e.getCause();
        }
        if (result instanceof Integer number && number >= 0) {
            if (OPENING.contains(name)) {
                open.add(number);
            } else if (name.equals("socketPair")) {
                add((int[]) arguments[1]);
            } else if (name.equals("recvFds")) {
                add(((PassedFds) arguments[3]).fds());
            }
        }
        return result;
    }

    private void add(int[] numbers) {
        for (int number : numbers) {
            open.add(number);
        }
    }
}
