package dev.baton.spi.admin;

import dev.baton.spi.threading.AnyThread;
import java.util.List;

/** An additional table of a plugin: {@code GET /v1/NAME}. */
public interface AdminView {

    /** Its name in the path: kebab-case, not one of the built-in ones. */
    String name();

    /** The elements as they are now; records, whose components become the keys in kebab-case. Must not block. */
    @AnyThread
    List<? extends Record> rows();
}
