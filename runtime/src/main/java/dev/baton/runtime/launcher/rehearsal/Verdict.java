package dev.baton.runtime.launcher.rehearsal;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * What to think of a rehearsal.
 *
 * @param passed true if clients noticed nothing that they should not
 * @param sentence why
 */
record Verdict(boolean passed, String sentence) {

    /**
     * Judges.
     *
     * @param seen what clients saw from the fault on, by phase
     * @param maxWait the longest wait that passes
     * @param clients how many there are
     * @param endsConnections whether each may have lost its connection, and a request
     * @param failures what else went wrong
     */
    static Verdict of(
            List<Ledger.Seen> seen, Duration maxWait, int clients, boolean endsConnections, List<String> failures) {
        List<String> reasons = new ArrayList<>(failures);
        long cut = 0;
        for (Failure each : Failure.values()) {
            long count = seen.stream().mapToLong(page -> page.failed(each)).sum();
            boolean forgiven = endsConnections && each == Failure.UNANSWERED && count <= clients;
            if (forgiven) {
                cut = count;
            } else if (count > 0) {
                reasons.add(count + (count == 1 ? " request" : " requests") + " " + each.words());
            }
        }
        long closed = seen.stream().mapToLong(Ledger.Seen::closed).sum();
        boolean closedIsForgiven = endsConnections && closed <= clients;
        if (closed > 0 && !closedIsForgiven) {
            reasons.add(closed + (closed == 1 ? " connection was" : " connections were")
                    + " closed without having been told so");
        }
        long longest = Math.round(
                seen.stream().mapToDouble(page -> page.waitMillis(1)).max().orElse(0));
        if (longest > maxWait.toMillis()) {
            reasons.add("a client waited for " + longest + " ms, and " + maxWait.toMillis() + " ms is the most");
        }
        if (!reasons.isEmpty()) {
            return new Verdict(false, String.join("; ", reasons));
        }
        String lost = endsConnections
                ? cut + " requests and " + closed + " idle connections ended with the process, as they must; no other"
                        + " request failed"
                : "no request failed, no connection was closed";
        return new Verdict(true, lost + ", and the longest wait was " + longest + " ms");
    }
}
