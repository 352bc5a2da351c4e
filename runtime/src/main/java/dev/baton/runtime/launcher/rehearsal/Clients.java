package dev.baton.runtime.launcher.rehearsal;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The clients of a rehearsal. Its methods are for the thread of the rehearsal. */
final class Clients {
    /** One client with a new connection for each request comes with so many that keep theirs. */
    private static final int KEEPING_PER_ANEW = 4;

    private static final Duration LOOK = Duration.ofMillis(20);

    private final Connections connections;
    private final Ledger ledger = new Ledger();
    private final List<Client> counted = new ArrayList<>();
    private final List<Client> others = new ArrayList<>();

    Clients(Connections connections) {
        this.connections = connections;
    }

    /** What those that count have seen. */
    Ledger ledger() {
        return ledger;
    }

    /** How many count. */
    int count() {
        return counted.size();
    }

    /**
     * Has clients talk to a listener.
     *
     * @param trial what it has answered before
     * @param count how many of them keep their connections
     */
    void talkTo(Endpoint endpoint, Trial trial, int count) {
        List<Client> made = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            made.add(
                    endpoint.http()
                            ? new HttpCaller(connections, endpoint, true, trial.status(), ledger)
                            : new QuietCaller(connections, endpoint, ledger));
        }
        if (endpoint.http()) {
            for (int i = 0; i < Math.max(1, count / KEEPING_PER_ANEW); i++) {
                made.add(new HttpCaller(connections, endpoint, false, trial.status(), ledger));
            }
        }
        counted.addAll(made);
        startSpread(made);
    }

    /** Not all at once: their requests are to come evenly. */
    private void startSpread(List<Client> made) {
        long pause = connections.manners().pause().toNanos();
        for (int i = 0; i < made.size(); i++) {
            connections.after(Duration.ofNanos(pause * i / made.size()), made.get(i)::start);
        }
    }

    /**
     * Has clients send as many requests as the process takes, which do not count.
     *
     * @param from whose manners they have
     */
    void press(Connections from, Endpoint endpoint, Trial trial, int count) {
        for (int i = 0; i < count; i++) {
            Client greedy = new HttpCaller(from, endpoint, true, trial.status(), new Ledger());
            others.add(greedy);
            from.loop().execute(greedy::start);
        }
    }

    /** Those that press have had enough. */
    void relax(Connections from) {
        List<Client> all = List.copyOf(others);
        from.loop().execute(() -> all.forEach(Client::stop));
        others.clear();
    }

    /** Ends all, after what is under way has been answered, or lost. Blocks. */
    void stop() {
        connections.loop().execute(() -> counted.forEach(Client::stop));
        long deadline = System.nanoTime() + connections.manners().patience().toNanos() + TimeUnit.SECONDS.toNanos(1);
        while (areAtWork() && System.nanoTime() - deadline < 0) {
            try {
                TimeUnit.NANOSECONDS.sleep(LOOK.toNanos());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
        }
    }

    private boolean areAtWork() {
        return connections
                .loop()
                .submit(() -> counted.stream().anyMatch(Client::isAtWork))
                .awaitUninterruptibly()
                .getNow();
    }
}
