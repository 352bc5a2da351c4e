package dev.baton.runtime.server;

import dev.baton.runtime.plugin.Contribution;
import dev.baton.runtime.server.StartException.Kind;
import dev.baton.spi.poller.PollerProvider;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * The poller of a process, and why it is this one.
 *
 * @param provider the one chosen
 * @param why one phrase for a person: what about the others
 */
record PollerChoice(PollerProvider provider, String why) {

    /**
     * Takes the one that was asked for, else the best that works here.
     *
     * @throws StartException if that one does not work here, or none does
     */
    static PollerChoice of(Optional<String> asked, Collection<Contribution<PollerProvider>> contributed)
            throws StartException {
        List<PollerProvider> all = contributed.stream()
                .map(Contribution::get)
                .sorted(Comparator.comparingInt(PollerProvider::preference).reversed())
                .toList();
        List<String> reasons = new ArrayList<>();
        PollerProvider chosen = null;
        for (PollerProvider each : all) {
            Optional<String> unavailable = each.unavailable();
            if (asked.isPresent() && !asked.get().equals(each.name())) {
                reasons.add("not " + each.name() + ": the configuration asks for " + asked.get());
            } else if (unavailable.isPresent()) {
                reasons.add("not " + each.name() + ": " + unavailable.get());
            } else if (chosen == null) {
                chosen = each;
            } else {
                reasons.add("not " + each.name() + ": its preference is " + each.preference() + ", that of "
                        + chosen.name() + " " + chosen.preference());
            }
        }
        if (chosen == null) {
            throw new StartException(
                    Kind.CONFIGURATION,
                    List.of("no poller can be used here: "
                            + (reasons.isEmpty() ? "no plugin brings one" : String.join("; ", reasons))
                            + (asked.isPresent() ? "; remove `poller:` from the configuration" : "")));
        }
        return new PollerChoice(chosen, reasons.isEmpty() ? "the only one" : String.join("; ", reasons));
    }
}
