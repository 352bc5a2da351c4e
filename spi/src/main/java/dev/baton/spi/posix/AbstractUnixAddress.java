package dev.baton.spi.posix;

import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A unix address in Linux's abstract namespace: a name without a file, which vanishes with its last socket.
 *
 * <p>{@link java.net.UnixDomainSocketAddress} cannot say this, because a path has no NUL in it. Written with a leading
 * {@code @}, as {@code ss} and {@code /proc/net/unix} do.
 */
public final class AbstractUnixAddress extends SocketAddress {
    private static final long serialVersionUID = 1L;

    /** The longest name, in bytes of UTF-8: the 108 bytes of {@code sun_path} less the NUL that marks it abstract. */
    public static final int NAME_BYTES_MAX = 107;

    private final byte[] name;

    /**
     * Names an abstract address.
     *
     * @param name the name, without the leading NUL or {@code @}; 1 to {@value #NAME_BYTES_MAX} bytes of UTF-8
     * @throws IllegalArgumentException if the name is empty or too long
     */
    public AbstractUnixAddress(String name) {
        this(name.getBytes(StandardCharsets.UTF_8));
    }

    /**
     * Names an abstract address by bytes, which need not be text.
     *
     * @param name the name, without the leading NUL; 1 to {@value #NAME_BYTES_MAX} bytes
     * @throws IllegalArgumentException if the name is empty or too long
     */
    public AbstractUnixAddress(byte[] name) {
        if (name.length == 0 || name.length > NAME_BYTES_MAX) {
            throw new IllegalArgumentException(
                    "abstract unix name of " + name.length + " bytes: must have 1 to " + NAME_BYTES_MAX);
        }
        this.name = name.clone();
    }

    /**
     * Tells the name.
     *
     * @return the name, without the leading NUL or {@code @}; what is not UTF-8 in it is replaced
     */
    public String name() {
        return new String(name, StandardCharsets.UTF_8);
    }

    /**
     * Tells the name as the kernel has it.
     *
     * @return the bytes of the name, without the leading NUL; a copy
     */
    public byte[] bytes() {
        return name.clone();
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof AbstractUnixAddress that && Arrays.equals(name, that.name);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(name);
    }

    @Override
    public String toString() {
        return "@" + name();
    }
}
