package dev.baton.plugin.http;

import java.util.Random;

/** Sends text in pieces, cut at random places: what comes out must not depend on the cuts. */
final class Cuts {
    private Cuts() {}

    static void send(Bench bench, String text, Random random) {
        int from = 0;
        while (from < text.length()) {
            int to = next(text, from, random);
            bench.send(text.substring(from, to));
            from = to;
        }
    }

    static void answer(Bench bench, int connection, String text, Random random) {
        int from = 0;
        while (from < text.length()) {
            int to = next(text, from, random);
            bench.answer(connection, text.substring(from, to));
            from = to;
        }
    }

    /** Mostly small pieces, now and then one of any size. */
    private static int next(String text, int from, Random random) {
        int most = random.nextInt(4) == 0 ? text.length() - from : 8;
        return Math.min(text.length(), from + 1 + random.nextInt(Math.max(1, most)));
    }
}
