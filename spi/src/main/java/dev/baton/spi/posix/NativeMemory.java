package dev.baton.spi.posix;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * A block of memory outside the heap, with an address for system calls and bounds-checked access in native byte order.
 *
 * <p>It does not guard against races: one thread at a time, or what the owner arranges. Accesses cost what a direct
 * {@link ByteBuffer} costs. {@link #close} gives the memory back; nothing else does so reliably, because whether the
 * collector frees it depends on the JDK.
 */
public final class NativeMemory implements AutoCloseable {
    private static final ByteBuffer CLOSED = ByteBuffer.allocate(0);

    private final ByteBuf owner;
    private final long address;
    private ByteBuffer bytes;

    private NativeMemory(ByteBuf owner, int size) {
        this.owner = owner;
        this.address = owner.memoryAddress();
        this.bytes = owner.nioBuffer(0, size).order(ByteOrder.nativeOrder());
    }

    /**
     * Allocates zeroed memory, aligned to at least 8 bytes.
     *
     * @param size the number of bytes; at least 1
     * @return the block, to be closed by the caller
     * @throws IllegalArgumentException if {@code size} is less than 1
     * @throws IllegalStateException if this JDK hides the address of direct memory, which only JDK 24 without
     *     {@code --sun-misc-unsafe-memory-access=allow} is known to do
     */
    public static NativeMemory allocate(int size) {
        if (size < 1) {
            throw new IllegalArgumentException("native memory of " + size + " bytes: must be at least 1");
        }
        ByteBuf buffer = Unpooled.directBuffer(size, size);
        if (!buffer.hasMemoryAddress()) {
            buffer.release();
            throw new IllegalStateException("no address of direct memory on JDK " + Runtime.version()
                    + ": start it with --sun-misc-unsafe-memory-access=allow");
        }
        buffer.setZero(0, size);
        return new NativeMemory(buffer, size);
    }

    /**
     * Tells where the memory is.
     *
     * @return the address of the first byte
     * @throws IllegalStateException if the block is closed: the kernel would write into memory of other code
     */
    public long address() {
        if (bytes.capacity() == 0) {
            throw new IllegalStateException("native memory is closed");
        }
        return address;
    }

    /**
     * Tells the size of the block.
     *
     * @return its number of bytes; 0 once it is closed
     */
    public int size() {
        return bytes.capacity();
    }

    /**
     * Reads a byte.
     *
     * @param offset in bytes from the start
     * @return the byte
     * @throws IndexOutOfBoundsException outside of the block, or if it is closed
     */
    public byte getByte(int offset) {
        return bytes.get(offset);
    }

    /**
     * Writes a byte.
     *
     * @param offset in bytes from the start
     * @param value the byte
     * @throws IndexOutOfBoundsException outside of the block, or if it is closed
     */
    public void putByte(int offset, byte value) {
        bytes.put(offset, value);
    }

    /**
     * Reads a short; need not be aligned.
     *
     * @param offset in bytes from the start
     * @return the value
     * @throws IndexOutOfBoundsException outside of the block, or if it is closed
     */
    public short getShort(int offset) {
        return bytes.getShort(offset);
    }

    /**
     * Writes a short; need not be aligned.
     *
     * @param offset in bytes from the start
     * @param value the value
     * @throws IndexOutOfBoundsException outside of the block, or if it is closed
     */
    public void putShort(int offset, short value) {
        bytes.putShort(offset, value);
    }

    /**
     * Reads an int; need not be aligned.
     *
     * @param offset in bytes from the start
     * @return the value
     * @throws IndexOutOfBoundsException outside of the block, or if it is closed
     */
    public int getInt(int offset) {
        return bytes.getInt(offset);
    }

    /**
     * Writes an int; need not be aligned.
     *
     * @param offset in bytes from the start
     * @param value the value
     * @throws IndexOutOfBoundsException outside of the block, or if it is closed
     */
    public void putInt(int offset, int value) {
        bytes.putInt(offset, value);
    }

    /**
     * Reads a long; need not be aligned.
     *
     * @param offset in bytes from the start
     * @return the value
     * @throws IndexOutOfBoundsException outside of the block, or if it is closed
     */
    public long getLong(int offset) {
        return bytes.getLong(offset);
    }

    /**
     * Writes a long; need not be aligned.
     *
     * @param offset in bytes from the start
     * @param value the value
     * @throws IndexOutOfBoundsException outside of the block, or if it is closed
     */
    public void putLong(int offset, long value) {
        bytes.putLong(offset, value);
    }

    /**
     * Copies bytes out of the block.
     *
     * @param offset in bytes from the start
     * @param target filled whole
     * @throws IndexOutOfBoundsException outside of the block, or if it is closed
     */
    public void getBytes(int offset, byte[] target) {
        bytes.get(offset, target);
    }

    /**
     * Copies bytes into the block.
     *
     * @param offset in bytes from the start
     * @param source copied whole
     * @throws IndexOutOfBoundsException outside of the block, or if it is closed
     */
    public void putBytes(int offset, byte[] source) {
        bytes.put(offset, source);
    }

    /** Gives the memory back; a second call does nothing, and later accesses throw. */
    @Override
    public void close() {
        if (bytes.capacity() != 0) {
            bytes = CLOSED;
            owner.release();
        }
    }
}
