package dev.baton.runtime.loop;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The channels that a loop's thread has entered and not left. Usually there is one, in a field; entries nest where
 * channels run tasks inline inside each other. Allocates nothing but the list, and a channel needs no field for it.
 * Only on the loop's thread, but for {@link #tenant}.
 */
public final class Occupants {
    private static final VarHandle INNERMOST;

    static {
        try {
            INNERMOST = MethodHandles.lookup().findVarHandle(Occupants.class, "innermost", Occupant.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private @Nullable Occupant innermost;
    /** Those around it, the outermost first. */
    private final List<Occupant> outer = new ArrayList<>();

    Occupants() {}

    /** A channel was entered that was not entered before; {@link #left} must follow. Throws nothing: it has a claim. */
    public void entered(Occupant channel) {
        Occupant around = innermost;
        if (around != null) {
            try {
                outer.add(around);
            } catch (OutOfMemoryError e) {
                return; // the one around it answers for it
            }
        }
        INNERMOST.setOpaque(this, channel);
    }

    /** A channel was left, usually the one that was entered last. */
    public void left(Occupant channel) {
        if (innermost == channel) {
            INNERMOST.setOpaque(this, outer.isEmpty() ? null : outer.remove(outer.size() - 1));
            return;
        }
        for (int i = outer.size() - 1; i >= 0; i--) {
            if (outer.get(i) == channel) {
                outer.remove(i);
                return;
            }
        }
    }

    /** For whom the loop runs now, as far as that is measured; null for all others. Any thread. */
    public @Nullable Tenant tenant() {
        Occupant now = (Occupant) INNERMOST.getOpaque(this);
        return now == null ? null : now.tenant();
    }

    /** The channel that was entered last and not left; null if there is none. */
    @Nullable
    Occupant innermost() {
        return innermost;
    }
}
