package dev.baton.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.spi.admin.AdminAction;
import dev.baton.spi.admin.AdminView;
import dev.baton.spi.upstream.Balancer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A balancer, a view and an action with one thing wrong fail their contracts; with nothing wrong they keep them. */
class WrongContributionsTest {
    private static String wrong = "";

    private static Optional<Throwable> run(Class<?> contract, String test) {
        return ContractRun.run(contract, test, Map.of());
    }

    // ---- balancers ------------------------------------------------------------------------------------------------

    /** Nested, so that the build does not run it. */
    static class Balancers extends BalancerContract {
        @Override
        protected Balancer balancer() {
            return switch (wrong) {
                case "by number" ->
                    servers -> {
                        int last = servers.get(servers.size() - 1).server().index();
                        return request -> last;
                    };
                case "always the first" -> servers -> request -> 0;
                case "shares its turn" -> {
                    AtomicInteger turn = new AtomicInteger();
                    AtomicInteger among = new AtomicInteger();
                    yield servers -> {
                        among.set(servers.size());
                        return request -> Math.floorMod(turn.getAndIncrement(), among.get());
                    };
                }
                case "needs a client" ->
                    servers -> request -> Math.floorMod(
                            Objects.requireNonNull(request.clientAddress(), "planned")
                                    .hashCode(),
                            servers.size());
                case "multiplies weights" ->
                    servers -> request -> {
                        servers.forEach(each -> Math.multiplyExact(each.weight(), each.inFlight()));
                        return ThreadLocalRandom.current().nextInt(servers.size());
                    };
                case "waits" ->
                    servers -> request -> {
                        LockSupport.parkNanos(1);
                        return 0;
                    };
                default -> servers -> request -> ThreadLocalRandom.current().nextInt(servers.size());
            };
        }
    }

    @ParameterizedTest
    @CsvSource({
        "by number, shouldChooseAmongTheServersThatItWasGiven, place of the server that is chosen",
        "always the first, shouldLetNoServerStarve, servers of one weight",
        "shares its turn, shouldChooseOnManyLoopsAtOnce, while there is a choice among 4",
        "needs a client, shouldChooseAmongTheServersThatItWasGiven, planned",
        "multiplies weights, shouldTakeServersOfAnyKind, extreme weight",
        "waits, shouldNeverWait, which run on loops"
    })
    void shouldFailBalancers(String what, String test, String promise) {
        wrong = what;
        assertThat(run(Balancers.class, test))
                .as(what)
                .isPresent()
                .get()
                .satisfies(failure ->
                        assertThat(failure + " " + failure.getCause()).contains(promise));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "shouldChooseAmongTheServersThatItWasGiven",
                "shouldLetNoServerStarve",
                "shouldTakeServersOfAnyKind",
                "shouldChooseOnManyLoopsAtOnce",
                "shouldNeverWait"
            })
    void shouldPassBalancers(String test) {
        wrong = "";
        assertThat(run(Balancers.class, test)).isEmpty();
    }

    // ---- views ----------------------------------------------------------------------------------------------------

    record Row(String name, int count) {}

    record Other(String name) {}

    /** Nested, so that the build does not run it. */
    static class Views extends AdminViewContract {
        private final List<Row> live = Collections.synchronizedList(new ArrayList<>(List.of(new Row("a", 1))));

        @Override
        protected AdminView view() {
            return switch (wrong) {
                case "two kinds" -> () -> List.of(new Row("a", 1), new Other("b"));
                case "live list" -> () -> live;
                case "waits" ->
                    () -> {
                        LockSupport.parkNanos(1);
                        return List.of(new Row("a", 1));
                    };
                default ->
                    () -> {
                        synchronized (live) {
                            return List.copyOf(live);
                        }
                    };
            };
        }

        @Override
        protected void change() {
            live.set(0, new Row("a", live.get(0).count() + 1));
        }
    }

    @ParameterizedTest
    @CsvSource({
        "two kinds, shouldShowRowsOfOneKind, columns of the table",
        "live list, shouldNotChangeWhatItHasAnswered, after what it shows has changed",
        "waits, shouldNeverWait, a view must not block"
    })
    void shouldFailViews(String what, String test, String promise) {
        wrong = what;
        assertThat(run(Views.class, test)).as(what).isPresent().get().asString().contains(promise);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "shouldShowRowsOfOneKind",
                "shouldNotChangeWhatItHasAnswered",
                "shouldNeverWait",
                "shouldAnswerManyAtOnce"
            })
    void shouldPassViews(String test) {
        wrong = "";
        assertThat(run(Views.class, test)).isEmpty();
    }

    // ---- actions --------------------------------------------------------------------------------------------------

    record Parameters(String name) {}

    record Nothing() {}

    /** Nested, so that the build does not run it. */
    static class Actions extends AdminActionContract<Parameters> {
        private final List<Parameters> done = new ArrayList<>();

        @Override
        protected AdminAction<Parameters> action() {
            return parameters -> {
                if (wrong.equals("blocks")) {
                    block();
                }
                if (wrong.equals("refuses too late")) {
                    done.add(parameters);
                }
                if (!parameters.name().equals("there") && !wrong.equals("does it all the same")) {
                    throw new IllegalArgumentException(wrong.equals("no words") ? "" : "there is no " + parameters);
                }
                return CompletableFuture.completedFuture(wrong.equals("empty") ? new Nothing() : new Row("done", 1));
            };
        }

        /** For longer than the contract allows. */
        private static void block() {
            long end = System.nanoTime() + AT_ONCE.toNanos();
            for (long left = 1; left > 0; left = end - System.nanoTime()) {
                LockSupport.parkNanos(left);
            }
        }

        @Override
        protected Parameters right() {
            return new Parameters("there");
        }

        @Override
        protected List<Parameters> wrong() {
            return List.of(new Parameters("gone"));
        }

        @Override
        protected Object state() {
            return List.copyOf(done);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "blocks, shouldReturnAtOnce, completes the stage later",
        "does it all the same, shouldRefuseWhatDoesNotFitInASentence, to be answered with status 400",
        "no words, shouldRefuseWhatDoesNotFitInASentence, for the operator",
        "refuses too late, shouldRefuseWhatDoesNotFitInASentence, has done nothing",
        "empty, shouldDoItAndSayWhat, keys of the answer"
    })
    void shouldFailActions(String what, String test, String promise) {
        wrong = what;
        assertThat(run(Actions.class, test))
                .as(what)
                .isPresent()
                .get()
                .asString()
                .contains(promise);
    }

    @ParameterizedTest
    @ValueSource(strings = {"shouldDoItAndSayWhat", "shouldReturnAtOnce", "shouldRefuseWhatDoesNotFitInASentence"})
    void shouldPassActions(String test) {
        wrong = "";
        assertThat(run(Actions.class, test)).isEmpty();
    }
}
