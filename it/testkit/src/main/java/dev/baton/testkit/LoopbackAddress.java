package dev.baton.testkit;

import java.util.concurrent.ThreadLocalRandom;

/**
 * An address of 127.0.0.0/8. Linux answers on each of them, so a test that draws its own can use ports that are fixed
 * by others: no other test has them there.
 */
public final class LoopbackAddress {
    private static final int BOUND = 255;

    private LoopbackAddress() {}

    /** Draws one of some 16 million; never 127.0.0.1. */
    public static String draw() {
        ThreadLocalRandom random = ThreadLocalRandom.current();
        return "127." + random.nextInt(1, BOUND) + "." + random.nextInt(1, BOUND) + "." + random.nextInt(1, BOUND);
    }
}
