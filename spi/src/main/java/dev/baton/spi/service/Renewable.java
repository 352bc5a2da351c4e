package dev.baton.spi.service;

import dev.baton.spi.threading.AnyThread;
import dev.baton.spi.threading.OffLoop;

/**
 * A {@link Service} that can make what other plugins contribute to it ({@link ServiceContext#make}) anew while it
 * serves: when one of those plugins is reloaded. A service that takes contributions and is not renewable keeps these
 * plugins from being reloaded.
 *
 * @param <C> the record of the service's keys
 */
public interface Renewable<C extends Record> {
    /**
     * Makes what the user has chosen of a plugin anew; what other plugins have contributed stays. Nothing that is in
     * use changes yet.
     *
     * @param plugin the one that is reloaded
     * @param config says the same as before, with records of the new version of the plugin
     * @param context makes contributions of the new version; not to be kept
     * @throws IllegalArgumentException if the new version refuses something
     */
    @OffLoop
    Renewal renew(String plugin, C config, ServiceContext context);

    /** What was made anew. Either {@link #begin} is called, then {@link #end}; or {@link #abandon}. */
    interface Renewal {
        /**
         * From now on what begins uses what was made anew; what is under way continues with what it began with. Throws
         * nothing.
         */
        @OffLoop
        void begin();

        /** How much is still under way that began before {@link #begin}. */
        @AnyThread
        long underWay();

        /** Closes what was in use before. Nothing is under way with it any longer, or the process ends. */
        @OffLoop
        void end();

        /** Closes what was made anew, which will not be used. */
        @OffLoop
        void abandon();
    }
}
