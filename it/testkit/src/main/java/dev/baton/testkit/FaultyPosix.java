package dev.baton.testkit;

import dev.baton.runtime.posix.Posix;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The real system calls with faults planted among them while other threads call them, which a mock does not allow;
 * counts what was made and closed.
 */
public final class FaultyPosix {
    private final Posix real;
    private final Posix posix;
    private final Map<String, Fault> faults = new ConcurrentHashMap<>();
    private final Map<Integer, AtomicInteger> closes = new ConcurrentHashMap<>();
    private final Map<String, AtomicInteger> calls = new ConcurrentHashMap<>();

    private record Fault(int argument, long value, int result, AtomicInteger left) {}

    /** Puts itself between the caller and the real calls. */
    public FaultyPosix(Posix real) {
        this.real = real;
        this.posix = (Posix) Proxy.newProxyInstance(
                FaultyPosix.class.getClassLoader(),
                new Class<?>[] {Posix.class},
                (proxy, method, arguments) -> call(method, arguments));
    }

    /** The calls to hand to what is tested. */
    public Posix posix() {
        return posix;
    }

    /** Lets every call of a method answer this from now on. */
    public void plant(String method, int result) {
        faults.put(method, new Fault(-1, 0, result, new AtomicInteger(Integer.MAX_VALUE)));
    }

    /**
     * Lets calls of a method answer this if one of their arguments has a value.
     *
     * @param argument which argument, from 0
     * @param times how often
     */
    public void plant(String method, int argument, long value, int result, int times) {
        faults.put(method, new Fault(argument, value, result, new AtomicInteger(times)));
    }

    /** Forgets every fault. */
    public void heal() {
        faults.clear();
    }

    /** How often a method was called so far, the faults included. */
    public int calls(String method) {
        AtomicInteger count = calls.get(method);
        return count == null ? 0 : count.get();
    }

    /** How many closes there were of all numbers since the last {@link #forgetCloses}. */
    public int closes() {
        return closes.values().stream().mapToInt(AtomicInteger::get).sum();
    }

    /** How often a number was closed since the last {@link #forgetCloses}. */
    public int closes(int number) {
        AtomicInteger count = closes.get(number);
        return count == null ? 0 : count.get();
    }

    /** Counts closes from here. */
    public void forgetCloses() {
        closes.clear();
    }

    private Object call(Method method, Object[] arguments) throws Throwable {
        calls.computeIfAbsent(method.getName(), name -> new AtomicInteger()).incrementAndGet();
        Fault fault = faults.get(method.getName());
        if (fault != null
                && (fault.argument < 0 || ((Number) arguments[fault.argument]).longValue() == fault.value)
                && fault.left.getAndDecrement() > 0) {
            return fault.result;
        }
        if (method.getName().equals("close")) {
            closes.computeIfAbsent((Integer) arguments[0], number -> new AtomicInteger())
                    .incrementAndGet();
        }
        try {
            return method.invoke(real, arguments);
        } catch (InvocationTargetException e) {
            throw e.getCause();
        }
    }
}
