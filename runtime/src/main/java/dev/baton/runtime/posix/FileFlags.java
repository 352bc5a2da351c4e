package dev.baton.runtime.posix;

/** Status flags of an open file; the values are the same on x86-64 and aarch64. */
public final class FileFlags {
    /** The bits that tell reading from writing: 0 to read, 1 to write, 2 for both. */
    public static final int O_ACCMODE = 0x3;

    /** Calls return {@code -EAGAIN} instead of blocking. */
    public static final int O_NONBLOCK = 0x800;

    private FileFlags() {}
}
