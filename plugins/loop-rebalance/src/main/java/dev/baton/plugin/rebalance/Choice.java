package dev.baton.plugin.rebalance;

import java.util.ArrayList;
import java.util.List;

/**
 * Which connections should leave a hot loop, and where to. Nothing but arithmetic.
 *
 * <p>What a connection costs is an estimate: its part of the loop's events, as if each cost the same. What goes with
 * it, such as its upstream connection, is not in it. So one choice brings the loop only half of the way to the average,
 * and the next one is made of what was measured then: an estimate that is wrong by a factor of two still ends at the
 * average and not below.
 *
 * <pre>
 *   heaviest first    few takeovers bring as much as many
 *   fits              it leaves the loop above the half of the way, and the coldest loop ends no hotter than the hot one
 *   none fits         the lightest of all, which is more than half of the way, if the loop that gets it stays below what the
 *                     hot one was by a margin: else it would only carry the heat along, and it stays
 *   no load           stays: it makes no loop hot
 * </pre>
 */
final class Choice {
    /** How much of the way to the average one choice goes. */
    private static final double STEP = 0.5;

    private Choice() {}

    /**
     * One connection goes.
     *
     * @param connection its index
     * @param to index of the loop
     */
    record Move(int connection, int to) {}

    /**
     * Chooses.
     *
     * @param loads of the loops that may give and get, each 0 or more
     * @param hot index of the one that gives
     * @param connections what each of its connections that may go costs, in the unit of {@code loads}, descending
     * @param margin by how much the maximum must fall at least where a single connection is most of it
     * @param max so many at most
     */
    static List<Move> of(double[] loads, int hot, double[] connections, double margin, int max) {
        double[] now = loads.clone();
        double left = (now[hot] - average(now)) * STEP;
        List<Move> moves = new ArrayList<>();
        int lightest = -1;
        for (int i = 0; i < connections.length && moves.size() < max && connections[i] > 0; i++) {
            double cost = connections[i];
            lightest = i;
            int to = coldest(now, hot);
            if (cost <= left && now[to] + cost <= now[hot] - cost) {
                now[hot] -= cost;
                now[to] += cost;
                left -= cost;
                moves.add(new Move(i, to));
            }
        }
        if (moves.isEmpty() && lightest >= 0 && max > 0) {
            int to = coldest(now, hot);
            if (now[to] + connections[lightest] <= now[hot] - margin) {
                moves.add(new Move(lightest, to));
            }
        }
        return moves;
    }

    private static double average(double[] loads) {
        double sum = 0;
        for (double each : loads) {
            sum += each;
        }
        return sum / loads.length;
    }

    private static int coldest(double[] loads, int but) {
        int coldest = but == 0 ? 1 : 0;
        for (int i = 0; i < loads.length; i++) {
            if (i != but && loads[i] < loads[coldest]) {
                coldest = i;
            }
        }
        return coldest;
    }
}
