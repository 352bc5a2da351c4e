package dev.baton.runtime.upgrade;

import dev.baton.runtime.posix.PassedFds;
import java.util.Arrays;

/**
 * The sockets of one listener on their way to another process.
 *
 * <p>Its numbers are the giver's to keep, or the receiver's to use or close.
 */
public final class HandedListener {
    /** How long the text of one that was added at run time may be, in UTF-8: it goes over in one packet. */
    public static final int TEXT_BYTES_MAX = Message.WRITING_BYTES_MAX;

    private final String name;
    private final String bind;
    private final String address;
    private final boolean suspended;
    private final String text;
    private final int[] numbers;

    /**
     * A listener of the configuration that is not suspended.
     *
     * @param name its name in the configuration
     * @param bind where it listens, as configured
     * @param address where it really listens
     * @param numbers its sockets; at least one, more where each loop has one
     */
    public HandedListener(String name, String bind, String address, int... numbers) {
        this(name, bind, address, false, "", numbers);
    }

    /**
     * A listener.
     *
     * @param name its name
     * @param bind where it listens, as configured
     * @param address where it really listens
     * @param suspended whether an operator has suspended it
     * @param text what it was added by at run time, {@value #TEXT_BYTES_MAX} bytes at most; empty for one of the
     *     configuration
     * @param numbers its sockets; at least one, more where each loop has one
     */
    public HandedListener(String name, String bind, String address, boolean suspended, String text, int... numbers) {
        this.name = name;
        this.bind = bind;
        this.address = address;
        this.suspended = suspended;
        this.text = text;
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

    /** True if an operator has suspended it, and not resumed it. */
    public boolean isSuspended() {
        return suspended;
    }

    /** What it was added by at run time, as it was written then; empty for one of the configuration. */
    public String text() {
        return text;
    }

    /** Its sockets, by the kernel's numbers in this process. */
    public int[] numbers() {
        return numbers.clone();
    }

    /** The same listener with more sockets: one packet holds fewer than {@link PassedFds#COUNT_MAX}. */
    HandedListener with(int... more) {
        int[] all = Arrays.copyOf(numbers, numbers.length + more.length);
        System.arraycopy(more, 0, all, numbers.length, more.length);
        return new HandedListener(name, bind, address, suspended, text, all);
    }

    @Override
    public String toString() {
        return "listener " + name + " on " + address + ", fds " + Arrays.toString(numbers);
    }
}
