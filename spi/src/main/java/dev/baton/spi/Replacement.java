package dev.baton.spi;

/** How a component is replaced when its plugin is reloaded. If the new one does not start, the old one runs. */
public enum Replacement {
    /**
     * The new one is started beside the old one, which stops when nothing uses the old version of the plugin any
     * longer. There is no moment without either; for a while there are both. The default.
     */
    NEW_FIRST,
    /**
     * The old one is stopped before the new one is started: for one that has something that only one can have, such as
     * an address or a file. If the new one does not start, another one is made by the old version, from the old
     * settings, and started.
     */
    OLD_FIRST,
    /**
     * The component cannot be replaced while the process runs. Its plugin is not reloaded, and an upgrade is advised.
     */
    NEVER
}
