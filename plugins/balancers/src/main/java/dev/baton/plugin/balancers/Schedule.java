package dev.baton.plugin.balancers;

import dev.baton.spi.upstream.BalancedServer;
import java.util.List;
import java.util.PriorityQueue;

/**
 * An order of turns in which each server has its share, spread evenly: with the weights 5, 1 and 1 it is A A A B C A A
 * and not A A A A A B C. Made once for a set of servers, so that a turn costs one look into an array. Immutable.
 */
final class Schedule {
    /**
     * Turns of one round at most: bounds the memory, and the time that it takes to make one, about a millisecond. With
     * so many servers of such weights that it is too short, the lightest get more than their share.
     */
    static final int TURNS_MAX = 16_384;

    private final int[] turns;

    private Schedule(int[] turns) {
        this.turns = turns;
    }

    /** A server's next turn, in fractions of a round. */
    private record Turn(int server, int weight, int count) implements Comparable<Turn> {
        /** The turns of a server are centred in equal parts of the round: (count + 1/2) / weight. */
        @Override
        public int compareTo(Turn other) {
            int order = Long.compare((2L * count + 1) * other.weight, (2L * other.count + 1) * weight);
            return order != 0 ? order : Integer.compare(server, other.server);
        }
    }

    static Schedule of(List<BalancedServer> servers) {
        int[] weights = servers.stream().mapToInt(BalancedServer::weight).toArray();
        int common = 0;
        long sum = 0;
        for (int each : weights) {
            common = gcd(each, common);
            sum += each;
        }
        double scale = Math.min(1.0 / common, (double) TURNS_MAX / sum);
        PriorityQueue<Turn> due = new PriorityQueue<>();
        int length = 0;
        for (int i = 0; i < weights.length; i++) {
            int weight = Math.max(1, (int) (weights[i] * scale + 1e-9));
            length += weight;
            due.add(new Turn(i, weight, 0));
        }
        int[] turns = new int[length];
        int filled = 0;
        for (Turn next = due.poll(); next != null; next = due.poll()) {
            turns[filled++] = next.server;
            if (next.count + 1 < next.weight) {
                due.add(new Turn(next.server, next.weight, next.count + 1));
            }
        }
        return new Schedule(turns);
    }

    private static int gcd(int a, int b) {
        return b == 0 ? a : gcd(b, a % b);
    }

    /** The server of a turn: any number, which wraps. */
    int at(int turn) {
        return turns[Math.floorMod(turn, turns.length)];
    }

    int length() {
        return turns.length;
    }
}
