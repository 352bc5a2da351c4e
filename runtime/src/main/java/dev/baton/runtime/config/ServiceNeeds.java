package dev.baton.runtime.config;

import dev.baton.runtime.config.RecordBinder.Mention;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Which services name which others: in which order they can be made, and whether they can. */
final class ServiceNeeds {
    /** Names of a circle that a message has room for. */
    private static final int SHOWN_MAX = 10;

    private final Map<String, List<Mention>> needs = new LinkedHashMap<>();

    /**
     * A service that is being looked at, and the names in it that are not yet. A loop over these, because a file may be
     * hostile.
     */
    private record Visit(String service, Iterator<Mention> left) {}

    /**
     * Adds a service.
     *
     * @param named all that its section names, of any kind
     */
    void add(String service, List<Mention> named) {
        needs.put(
                service,
                named.stream()
                        .filter(mention -> mention.reference() == Reference.SERVICE)
                        .toList());
    }

    /**
     * All services, each behind those that it names; else in the order in which they were added. Reports each circle.
     */
    List<String> ordered(Problems problems) {
        List<String> ordered = new ArrayList<>();
        Set<String> seen = new HashSet<>();
        List<Visit> path = new ArrayList<>();
        Map<String, Integer> places = new LinkedHashMap<>();
        for (String first : needs.keySet()) {
            begin(first, seen, path, places);
            while (!path.isEmpty()) {
                Visit visit = path.get(path.size() - 1);
                if (visit.left().hasNext()) {
                    Mention next = visit.left().next();
                    Integer place = places.get(next.name());
                    if (place == null) {
                        begin(next.name(), seen, path, places);
                    } else {
                        problems.add(next.position(), next.path() + circle(path.subList(place, path.size())));
                    }
                } else {
                    path.remove(path.size() - 1);
                    places.remove(visit.service());
                    ordered.add(visit.service());
                }
            }
        }
        return ordered;
    }

    private void begin(String service, Set<String> seen, List<Visit> path, Map<String, Integer> places) {
        if (seen.add(service)) {
            places.put(service, path.size());
            path.add(new Visit(service, needs.getOrDefault(service, List.of()).iterator()));
        }
    }

    private static String circle(List<Visit> visits) {
        String first = visits.get(0).service();
        Stream<String> names = visits.stream().limit(SHOWN_MAX).map(Visit::service);
        Stream<String> rest = visits.size() > SHOWN_MAX ? Stream.of("...", first) : Stream.of(first);
        return ": services need each other in a circle: "
                + Stream.concat(names, rest).collect(Collectors.joining(" -> "));
    }
}
