package dev.baton.plugin.admin;

import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/**
 * Few streams may be open at a time. So that nobody keeps others out by opening them all, one who has none or few gets
 * the place of one who has many; where all have the same name, as without tokens, the next is refused.
 */
final class FairShare {
    private FairShare() {}

    /**
     * That which has to end for another one.
     *
     * @param open what is open now
     * @param owner the name of who has opened it
     * @param asking the name of who wants one more
     * @return one of those of the name that has most; empty if that would not be fairer than it is
     */
    static <S> Optional<S> toEnd(Collection<S> open, Function<S, String> owner, String asking) {
        Map<String, Integer> counts = new HashMap<>();
        open.forEach(each -> counts.merge(owner.apply(each), 1, Integer::sum));
        int own = counts.getOrDefault(asking, 0);
        int most = counts.values().stream().max(Integer::compare).orElse(0);
        return most <= own + 1
                ? Optional.empty()
                : open.stream()
                        .filter(each -> counts.getOrDefault(owner.apply(each), 0) == most)
                        .findFirst();
    }
}
