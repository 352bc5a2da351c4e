package dev.baton.spi.service;

import dev.baton.spi.channel.MovableChannel;
import java.util.List;

/**
 * What of a connection goes to the next process: made by {@link Service#pack}, and given to {@link Service#unpack}
 * there.
 *
 * <p>The runtime takes along by itself: the sockets, with what the kernel has for them and with how they were shut
 * down; bytes that were written and not sent; what connection filters have found out; and the accounts of the listener
 * and of the upstream.
 */
public final class Packed {
    /** It is not at a boundary now: it is asked again. */
    public static final Packed NOT_NOW = new Packed(new byte[0], List.of());
    /** It cannot go at all: it is told to drain. */
    public static final Packed NEVER = new Packed(new byte[0], List.of());

    /** How long a state may be, in bytes. */
    public static final int STATE_BYTES_MAX = 256 * 1024;

    private final byte[] state;
    private final List<MovableChannel> companions;

    private Packed(byte[] state, List<MovableChannel> companions) {
        this.state = state;
        this.companions = companions;
    }

    /**
     * It goes.
     *
     * @param state what the service needs to know there, in a form of its own, at most {@value #STATE_BYTES_MAX} bytes.
     *     Another version of the service may read it: it begins with what tells so
     * @param companions connections that go with it, each of which {@link Packing#with} has let in
     * @throws IllegalArgumentException if the state is longer
     */
    public static Packed of(byte[] state, MovableChannel... companions) {
        if (state.length > STATE_BYTES_MAX) {
            throw new IllegalArgumentException(
                    "a state of " + state.length + " bytes: at most " + STATE_BYTES_MAX + " go to the next process");
        }
        return new Packed(state.clone(), List.of(companions));
    }

    /** What the service has written. */
    public byte[] state() {
        return state.clone();
    }

    /** The connections that go with it; in {@link Service#unpack} they are set up by their initializer. */
    public List<MovableChannel> companions() {
        return companions;
    }
}
