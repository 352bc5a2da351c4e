package dev.baton.runtime.upstream;

/**
 * The figures of the connections to one server.
 *
 * @param idle those that rest
 * @param open those that are open, idle or not
 * @param shared exchanges that connections carry beside one each
 * @param connects connections that were opened so far
 * @param reusesLocal takes so far of a connection of the loop that asked
 * @param reusesTakeover takes so far of a connection of another loop
 * @param takeoversRefused takeovers so far that failed
 */
record PoolTotals(
        int idle, int open, int shared, long connects, long reusesLocal, long reusesTakeover, long takeoversRefused) {
    static final PoolTotals NONE = new PoolTotals(0, 0, 0, 0, 0, 0, 0);

    PoolTotals plus(PoolTotals other) {
        return new PoolTotals(
                idle + other.idle,
                open + other.open,
                shared + other.shared,
                connects + other.connects,
                reusesLocal + other.reusesLocal,
                reusesTakeover + other.reusesTakeover,
                takeoversRefused + other.takeoversRefused);
    }

    /** What counts up, without what there is. */
    PoolTotals counted() {
        return new PoolTotals(0, 0, 0, connects, reusesLocal, reusesTakeover, takeoversRefused);
    }
}
