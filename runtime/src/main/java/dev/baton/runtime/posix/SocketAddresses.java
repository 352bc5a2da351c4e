package dev.baton.runtime.posix;

import dev.baton.spi.posix.AbstractUnixAddress;
import dev.baton.spi.posix.Errno;
import dev.baton.spi.posix.NativeMemory;
import dev.baton.spi.posix.Sockets;
import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
import java.util.Arrays;

/**
 * Java's socket addresses to the kernel's, and back.
 *
 * <pre>
 *               0        2       4            8             16            24
 * sockaddr_in   family   port    address(4)   zero(8)
 * sockaddr_in6  family   port    flow info(4) address(16)                 scope id(4)
 * sockaddr_un   family   path, ended by NUL; or NUL and an abstract name, ended by the length; or nothing: unnamed
 * </pre>
 *
 * <p>The family and the scope id have native byte order, the port and the addresses are big-endian on every machine.
 */
public final class SocketAddresses {
    /** The most bytes an address takes ({@code sockaddr_storage}). */
    public static final int SIZE_MAX = 128;

    private static final int FAMILY = 0;
    private static final int PORT = 2;
    private static final int INET_ADDRESS = 4;
    private static final int INET_SIZE = 16;
    private static final int INET6_FLOW_INFO = 4;
    private static final int INET6_ADDRESS = 8;
    private static final int INET6_SCOPE = 24;
    private static final int INET6_SIZE = 28;
    private static final int UNIX_PATH = 2;
    private static final int UNIX_PATH_BYTES = 108;

    private static final UnixDomainSocketAddress UNNAMED = UnixDomainSocketAddress.of("");

    private SocketAddresses() {}

    /**
     * Tells which family of socket an address needs.
     *
     * @param address the address
     * @return one of {@link Sockets#AF_INET}, {@link Sockets#AF_INET6} and {@link Sockets#AF_UNIX}, or minus the error
     *     number: {@link Errno#EINVAL} for an unresolved name, {@link Errno#EAFNOSUPPORT} for a kind that is not known
     */
    public static int family(SocketAddress address) {
        if (address instanceof InetSocketAddress inet) {
            if (inet.isUnresolved()) {
                return -Errno.EINVAL;
            }
            return inet.getAddress() instanceof Inet4Address ? Sockets.AF_INET : Sockets.AF_INET6;
        }
        if (address instanceof UnixDomainSocketAddress || address instanceof AbstractUnixAddress) {
            return Sockets.AF_UNIX;
        }
        return -Errno.EAFNOSUPPORT;
    }

    /**
     * Writes an address as the kernel wants it.
     *
     * @param address the address
     * @param memory where to write it
     * @param offset where in it; {@link #SIZE_MAX} bytes from there may be written
     * @return the length of the kernel's form, or minus the error number: those of {@link #family}, and
     *     {@link Errno#ENAMETOOLONG} for a unix path of more than 107 bytes
     */
    public static int encode(SocketAddress address, NativeMemory memory, int offset) {
        int family = family(address);
        if (family < 0) {
            return family;
        }
        memory.putShort(offset + FAMILY, (short) family);
        if (address instanceof InetSocketAddress inet) {
            putPort(memory, offset, inet.getPort());
            return encodeInet(inet.getAddress(), memory, offset);
        }
        if (address instanceof AbstractUnixAddress named) {
            byte[] name = named.bytes();
            memory.putByte(offset + UNIX_PATH, (byte) 0);
            memory.putBytes(offset + UNIX_PATH + 1, name);
            return UNIX_PATH + 1 + name.length;
        }
        byte[] path = ((UnixDomainSocketAddress) address).getPath().toString().getBytes(StandardCharsets.UTF_8);
        if (path.length >= UNIX_PATH_BYTES) {
            return -Errno.ENAMETOOLONG;
        }
        if (path.length == 0) {
            return UNIX_PATH;
        }
        memory.putBytes(offset + UNIX_PATH, path);
        memory.putByte(offset + UNIX_PATH + path.length, (byte) 0);
        return UNIX_PATH + path.length + 1;
    }

    /** Writes the address without a family that takes a datagram socket's peer away; returns its length. */
    static int encodeUnspecified(NativeMemory memory, int offset) {
        memory.putLong(offset, 0);
        memory.putLong(offset + 8, 0);
        memory.putShort(offset + FAMILY, (short) Sockets.AF_UNSPEC);
        return INET_SIZE;
    }

    /**
     * Writes an IPv4 address in IPv6's clothes ({@code ::ffff:1.2.3.4}), for a socket that serves both.
     *
     * @param address a resolved address
     * @return the same endpoint for an IPv6 socket; an IPv6 address as it is
     */
    public static InetSocketAddress forBoth(InetSocketAddress address) {
        if (!(address.getAddress() instanceof Inet4Address inet4)) {
            return address;
        }
        byte[] mapped = new byte[16];
        mapped[10] = (byte) 0xff;
        mapped[11] = (byte) 0xff;
        System.arraycopy(inet4.getAddress(), 0, mapped, 12, 4);
        try {
            // Unlike InetAddress.getByAddress this leaves it as it is.
            return new InetSocketAddress(Inet6Address.getByAddress(null, mapped, -1), address.getPort());
        } catch (UnknownHostException impossible) {
            throw new AssertionError("16 bytes are an address", impossible);
        }
    }

    /**
     * Reads an address that the kernel wrote. An IPv4 address in IPv6's clothes ({@code ::ffff:1.2.3.4}, the peers of a
     * socket that serves both) comes back as IPv4, as everywhere in Java. A unix path that this JVM's file system
     * cannot name gets a {@code ?} for each byte it cannot.
     *
     * @param memory where it is
     * @param offset where in it
     * @param length its length; 0 for none, which is how unnamed unix peers arrive
     * @return the address
     * @throws IllegalArgumentException for a family that is not known, or an address that is cut short
     */
    public static SocketAddress decode(NativeMemory memory, int offset, int length) {
        if (length < UNIX_PATH) {
            return UNNAMED;
        }
        int family = memory.getShort(offset + FAMILY);
        return switch (family) {
            case Sockets.AF_INET -> {
                requireLength(length, INET_SIZE);
                byte[] bytes = new byte[4];
                memory.getBytes(offset + INET_ADDRESS, bytes);
                yield new InetSocketAddress(inetAddress(bytes, 0), port(memory, offset));
            }
            case Sockets.AF_INET6 -> {
                requireLength(length, INET6_SIZE);
                byte[] bytes = new byte[16];
                memory.getBytes(offset + INET6_ADDRESS, bytes);
                int scope = memory.getInt(offset + INET6_SCOPE);
                yield new InetSocketAddress(inetAddress(bytes, scope), port(memory, offset));
            }
            case Sockets.AF_UNIX -> decodeUnix(memory, offset, length);
            default -> throw new IllegalArgumentException("address family " + family + " is not known");
        };
    }

    /** Whether {@link #decode} knows the family of an address that the kernel wrote. */
    static boolean isKnown(NativeMemory memory, int offset, int length) {
        if (length < UNIX_PATH) {
            return true;
        }
        int family = memory.getShort(offset + FAMILY);
        return family == Sockets.AF_INET || family == Sockets.AF_INET6 || family == Sockets.AF_UNIX;
    }

    private static int encodeInet(InetAddress address, NativeMemory memory, int offset) {
        if (address instanceof Inet6Address inet6) {
            memory.putInt(offset + INET6_FLOW_INFO, 0);
            memory.putBytes(offset + INET6_ADDRESS, address.getAddress());
            memory.putInt(offset + INET6_SCOPE, inet6.getScopeId());
            return INET6_SIZE;
        }
        memory.putBytes(offset + INET_ADDRESS, address.getAddress());
        memory.putLong(offset + INET_ADDRESS + 4, 0);
        return INET_SIZE;
    }

    private static SocketAddress decodeUnix(NativeMemory memory, int offset, int length) {
        byte[] name = new byte[Math.min(length - UNIX_PATH, UNIX_PATH_BYTES)];
        memory.getBytes(offset + UNIX_PATH, name);
        if (name.length > 1 && name[0] == 0) {
            return new AbstractUnixAddress(Arrays.copyOfRange(name, 1, name.length));
        }
        int end = 0;
        while (end < name.length && name[end] != 0) {
            end++;
        }
        if (end == 0) {
            return UNNAMED;
        }
        try {
            return UnixDomainSocketAddress.of(new String(name, 0, end, StandardCharsets.UTF_8));
        } catch (InvalidPathException unnameable) {
            // The locale's charset cannot say it (LANG=C): an address to show beats no address.
            String ascii = new String(name, 0, end, StandardCharsets.US_ASCII);
            return UnixDomainSocketAddress.of(ascii.replace('\uFFFD', '?'));
        }
    }

    private static InetAddress inetAddress(byte[] bytes, int scope) {
        try {
            return scope == 0 ? InetAddress.getByAddress(bytes) : Inet6Address.getByAddress(null, bytes, scope);
        } catch (UnknownHostException impossible) {
            throw new AssertionError("4 or 16 bytes are an address", impossible);
        }
    }

    private static void requireLength(int length, int required) {
        if (length < required) {
            throw new IllegalArgumentException("address of " + length + " bytes, must have " + required);
        }
    }

    private static int port(NativeMemory memory, int offset) {
        return (memory.getByte(offset + PORT) & 0xff) << 8 | (memory.getByte(offset + PORT + 1) & 0xff);
    }

    private static void putPort(NativeMemory memory, int offset, int port) {
        memory.putByte(offset + PORT, (byte) (port >> 8));
        memory.putByte(offset + PORT + 1, (byte) port);
    }
}
