package dev.baton.runtime.handoff;

import dev.baton.runtime.posix.PassedFds;
import java.util.Arrays;

/**
 * The sockets of one listener on their way to another process.
 *
 * <p>Its numbers are the giver's to keep, or the receiver's to use or close.
 */
public final class HandedListener {
    private final String name;
    private final String bind;
    private final String address;
    private final int[] numbers;

    /**
     * A listener.
     *
     * @param name its name in the configuration
     * @param bind where it listens, as configured
     * @param address where it really listens
     * @param numbers its sockets; at least one, more where each loop has one
     */
    public HandedListener(String name, String bind, String address, int... numbers) {
        this.name = name;
        this.bind = bind;
        this.address = address;
        this.numbers = numbers.clone();
    }

    /** Its name in the configuration. */
    public String name() {
        return name;
    }

    /** Where it listens, as configured. */
    public String bind() {
        return bind;
    }

    /** Where it really listens. */
    public String address() {
        return address;
    }

    /** Its sockets, by the kernel's numbers in this process. */
    public int[] numbers() {
        return numbers.clone();
    }

    /** The same listener with more sockets: one packet holds fewer than {@link PassedFds#COUNT_MAX}. */
    HandedListener with(int... more) {
        int[] all = Arrays.copyOf(numbers, numbers.length + more.length);
        System.arraycopy(more, 0, all, numbers.length, more.length);
        return new HandedListener(name, bind, address, all);
    }

    @Override
    public String toString() {
        return "listener " + name + " on " + address + ", fds " + Arrays.toString(numbers);
    }
}
