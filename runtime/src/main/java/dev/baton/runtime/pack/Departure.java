package dev.baton.runtime.pack;

import dev.baton.spi.threading.AnyThread;

/**
 * A connection of this process that is to go to another one. One answer at a time is on its way: who asks again waits
 * for it.
 */
@AnyThread
public interface Departure {
    /** Packs it, if it is at a boundary; its loop answers. */
    void ask(Answer answer);

    /** It does not go after all: it is told to drain, as it would have been without a carrier. */
    void stay();

    /** It is somewhere else, with its sockets: its place here is given back. */
    void gone();

    /** The other process has not taken it: it goes on here. */
    void back(Parcel parcel);

    /** What becomes of {@link #ask}. Any thread, mostly a loop's, which must not wait. */
    interface Answer {
        /** Whether there is room for one more parcel on its way; it is used up by {@link #packed} or given back. */
        boolean reserve();

        /** The room is not used. */
        void giveBack();

        /** It is packed: its sockets are the carrier's. */
        void packed(Parcel parcel);

        /** It cannot go now; it is to be asked again later. */
        void notNow();

        /** It can never go: what it does now is the carrier's to say. */
        void never();

        /** It has ended. */
        void over();

        /** After {@link #notNow}: the boundary that it waits for may have come. */
        void again();
    }
}
