package dev.baton.plugin.admin.access;

import dev.baton.plugin.admin.access.Sessions.Grant;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * By what somebody asks. It is looked up once for a request; an answer that goes on for long has to look now and then
 * whether it still {@linkplain #holds() holds}. Any thread.
 */
public final class Right {
    private final Caller caller;
    private final BooleanSupplier holds;
    /** Null where no tokens are configured. */
    private final @Nullable Grant grant;

    Right(Caller caller, BooleanSupplier holds, @Nullable Grant grant) {
        this.caller = caller;
        this.holds = holds;
        this.grant = grant;
    }

    /** Who asks, as it was when the request came. */
    public Caller caller() {
        return caller;
    }

    /** False as soon as the token is gone from the file, or the session has ended. */
    public boolean holds() {
        return holds.getAsBoolean();
    }

    @Nullable
    Grant grant() {
        return grant;
    }
}
