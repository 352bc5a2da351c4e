package dev.baton.plugin.http.exchange;

import dev.baton.spi.http.HttpBodyUse;
import java.util.ArrayList;
import java.util.List;

/** The filters of a route, in the order in which requests meet them, and at the end its handler, if it has one. */
final class FilterUses {
    /** None. */
    static final FilterUses NONE = new FilterUses(List.of());

    private final List<FilterUse> uses;

    private FilterUses(List<FilterUse> uses) {
        this.uses = List.copyOf(uses);
    }

    static FilterUses of(List<FilterUse> uses) {
        return uses.isEmpty() ? NONE : new FilterUses(uses);
    }

    /** These, and others behind them. */
    FilterUses then(List<FilterUse> others) {
        if (others.isEmpty()) {
            return this;
        }
        List<FilterUse> all = new ArrayList<>(uses);
        all.addAll(others);
        return new FilterUses(all);
    }

    boolean isEmpty() {
        return uses.isEmpty();
    }

    int count() {
        return uses.size();
    }

    FilterUse get(int index) {
        return uses.get(index);
    }

    /** What a filter wants of a body. */
    HttpBodyUse use(int index, boolean ofRequest) {
        FilterUse use = uses.get(index);
        return ofRequest ? use.requestUse() : use.responseUse();
    }
}
