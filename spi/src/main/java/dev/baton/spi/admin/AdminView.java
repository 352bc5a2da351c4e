package dev.baton.spi.admin;

import dev.baton.spi.threading.AnyThread;
import java.util.List;

/** A table of a plugin's. */
@FunctionalInterface
public interface AdminView {

    /** The elements as they are now: records, whose components become the keys in kebab-case. Must not block. */
    @AnyThread
    List<? extends Record> rows();
}
