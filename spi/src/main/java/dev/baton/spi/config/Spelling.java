package dev.baton.spi.config;

import dev.baton.spi.ByBaton;
import dev.baton.spi.threading.AnyThread;
import java.util.Collection;
import java.util.Optional;

/** Finds the word that was meant where one is mistyped, as the messages about a configuration do. To be injected. */
@ByBaton
@FunctionalInterface
public interface Spelling {
    /**
     * The known word that is nearest to a wrong one: two letters may differ, in a long word a third of them; upper
     * case, hyphens and underscores do not count.
     *
     * @return empty if none is near, or if more than 200 words are known
     */
    @AnyThread
    Optional<String> nearest(String wrong, Collection<String> known);
}
