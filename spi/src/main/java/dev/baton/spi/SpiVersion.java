package dev.baton.spi;

/**
 * The version of this SPI, {@code MAJOR.MINOR}. A plugin states the version that it was compiled against; it can be
 * loaded if the major number is the same and the minor number is not higher than the runtime's.
 */
public final class SpiVersion {
    /** Raised when plugins must be changed. */
    public static final int MAJOR = 2;
    /** Raised when something is added. */
    public static final int MINOR = 0;

    private SpiVersion() {}
}
