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
 * @param name the one chosen
 * @param provider opens it
 * @param why one phrase for a person: what about the others
 */
record PollerChoice(String name, PollerProvider provider, String why) {

    /**
     * Takes the one that was asked for, else the best that works here.
     *
     * @throws StartException if that one does not work here, or none does
     */
    static PollerChoice of(Optional<String> asked, Collection<Contribution<PollerProvider>> contributed)
            throws StartException {
        List<Contribution<PollerProvider>> all = contributed.stream()
                .sorted(Comparator.comparingInt((Contribution<PollerProvider> each) ->
                                each.get().preference())
                        .reversed())
                .toList();
        List<String> reasons = new ArrayList<>();
        Contribution<PollerProvider> chosen = null;
        for (Contribution<PollerProvider> each : all) {
            Optional<String> unavailable = each.get().unavailable();
            if (asked.isPresent() && !asked.get().equals(each.name())) {
                reasons.add("not " + each.name() + ": the configuration asks for " + asked.get());
            } else if (unavailable.isPresent()) {
                reasons.add("not " + each.name() + ": " + unavailable.get());
            } else if (chosen == null) {
                chosen = each;
            } else {
                reasons.add("not " + each.name() + ": its preference is "
                        + each.get().preference() + ", that of " + chosen.name() + " "
                        + chosen.get().preference());
            }
        }
        if (chosen == null) {
            throw new StartException(
                    Kind.CONFIGURATION,
                    List.of("no poller can be used here: "
                            + (reasons.isEmpty() ? "no plugin brings one" : String.join("; ", reasons))
                            + (asked.isPresent() ? "; remove `poller:` from the configuration" : "")));
        }
        return new PollerChoice(
                chosen.name(), chosen.get(), reasons.isEmpty() ? "the only one" : String.join("; ", reasons));
    }
}
