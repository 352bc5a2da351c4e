package dev.baton.runtime.upstream;

import dev.baton.spi.upstream.UpstreamServer;
import java.util.Arrays;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The servers of one upstream at one time, by index, which is their order. Immutable; one that was removed stays known
 * as long as its connections are in use.
 */
final class Roster {
    private final LiveServer[] known;
    private final LiveServer[] listed;
    private final List<UpstreamServer> servers;

    private Roster(LiveServer[] known, LiveServer[] listed) {
        this.known = known;
        this.listed = listed;
        this.servers = Arrays.stream(listed).map(LiveServer::server).toList();
    }

    /** The servers of a configuration, in their order. */
    static Roster of(List<LiveServer> configured) {
        LiveServer[] all = configured.toArray(LiveServer[]::new);
        return new Roster(all, all);
    }

    /** The same and one more, whose index is greater than any before. */
    Roster with(LiveServer added) {
        return new Roster(append(known, added), append(listed, added));
    }

    private static LiveServer[] append(LiveServer[] before, LiveServer added) {
        LiveServer[] after = Arrays.copyOf(before, before.length + 1);
        after[before.length] = added;
        return after;
    }

    /** The same without one in the list; it stays known. */
    Roster withoutListed(LiveServer removed) {
        return new Roster(known, those(listed, each -> each != removed));
    }

    /** The same without one. */
    Roster without(LiveServer forgotten) {
        return new Roster(those(known, each -> each != forgotten), those(listed, each -> each != forgotten));
    }

    private static LiveServer[] those(LiveServer[] of, Predicate<LiveServer> suit) {
        return Arrays.stream(of).filter(suit).toArray(LiveServer[]::new);
    }

    /**
     * Null if there is none of this index, or it was forgotten. Cost: O(1) unless some were forgotten, then O(log n).
     */
    @Nullable
    LiveServer find(int index) {
        if (index < 0) {
            return null;
        }
        int high = Math.min(index, known.length - 1); // indexes are unique and in order: none is further back
        if (high == index && known[high].index() == index) {
            return known[high];
        }
        int low = 0;
        while (low <= high) {
            int middle = (low + high) >>> 1;
            int there = known[middle].index();
            if (there == index) {
                return known[middle];
            } else if (there < index) {
                low = middle + 1;
            } else {
                high = middle - 1;
            }
        }
        return null;
    }

    /** How many are in the list. */
    int size() {
        return listed.length;
    }

    /** One of those in the list. */
    LiveServer at(int place) {
        return listed[place];
    }

    /** The place of the first in the list whose index is greater; 0 if there is none. */
    int placeAfter(int index) {
        for (int i = 0; i < listed.length; i++) {
            if (listed[i].index() > index) {
                return i;
            }
        }
        return 0;
    }

    /** Those in the list that suit. */
    LiveServer[] listed(Predicate<LiveServer> suit) {
        return those(listed, suit);
    }

    /** Those in the list. */
    List<UpstreamServer> servers() {
        return servers;
    }

    /** All, also those that were removed and have connections in use. */
    List<LiveServer> known() {
        return List.of(known);
    }
}
