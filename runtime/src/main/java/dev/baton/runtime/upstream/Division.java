package dev.baton.runtime.upstream;

import dev.baton.runtime.upstream.Backoff.Cause;
import dev.baton.runtime.upstream.Backoff.LeftOut;
import java.util.ArrayList;
import java.util.List;

/**
 * Which of the servers that an operator lets in are asked, and which are left out. A server that cannot be connected to
 * is always left out. Ejected servers are, the first ejected first, until a share of all servers is left out; the
 * others stay in use. Of those that can be used, the ones with the lowest rank are asked.
 *
 * @param usable those that are asked, all of one rank
 * @param leftOut those that one request may try when their time is over
 * @param down those that cannot serve, as their checks say; they are asked only if there are no others
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record Division(LiveServer[] usable, LiveServer[] leftOut, LiveServer[] down) {

    private record Ejected(LiveServer server, long sinceNanos) {}

    /**
     * Divides servers.
     *
     * @param sharePercent of them; at least one may be left out if there are two
     */
    static Division of(LiveServer[] open, int sharePercent) {
        int most = open.length < 2 ? 0 : Math.max(1, open.length * sharePercent / 100);
        List<LiveServer> leftOut = new ArrayList<>();
        List<LiveServer> down = new ArrayList<>();
        List<Ejected> ejected = new ArrayList<>();
        for (LiveServer each : open) {
            LeftOut why = each.backoff().leftOut(); // once: it may change meanwhile
            if (each.isDown()) {
                down.add(each);
            } else if (why != null && why.cause() == Cause.CONNECT) {
                leftOut.add(each);
            } else if (why != null) {
                ejected.add(new Ejected(each, why.sinceNanos()));
            }
        }
        ejected.sort((one, other) -> Long.signum(one.sinceNanos - other.sinceNanos));
        int count = Math.max(0, Math.min(ejected.size(), most - leftOut.size() - down.size()));
        ejected.subList(0, count).forEach(each -> leftOut.add(each.server));
        List<LiveServer> usable = new ArrayList<>(List.of(open));
        usable.removeAll(leftOut);
        usable.removeAll(down);
        int rank = usable.stream().mapToInt(each -> each.place().rank()).min().orElse(Integer.MAX_VALUE);
        usable.removeIf(each -> each.place().rank() > rank);
        return new Division(
                usable.toArray(LiveServer[]::new), leftOut.toArray(LiveServer[]::new), down.toArray(LiveServer[]::new));
    }
}
