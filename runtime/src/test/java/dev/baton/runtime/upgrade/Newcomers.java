package dev.baton.runtime.upgrade;

import dev.baton.runtime.pack.Parcel;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Notes the live connections that come, and closes none. */
final class Newcomers implements Receiver.Arrivals {
    final List<Parcel> taken = new ArrayList<>();
    final List<Parcel> left = new ArrayList<>();
    private final @Nullable String refusal;

    /** Lets all in. */
    Newcomers() {
        this(null);
    }

    /** Refuses all. */
    Newcomers(@Nullable String refusal) {
        this.refusal = refusal;
    }

    @Override
    public @Nullable String admit(Parcel parcel) {
        return refusal;
    }

    @Override
    public void take(Parcel parcel) {
        taken.add(parcel);
    }

    @Override
    public void leave(Parcel parcel) {
        left.add(parcel);
    }
}
