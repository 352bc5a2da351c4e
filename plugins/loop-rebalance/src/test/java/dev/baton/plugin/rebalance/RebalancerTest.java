package dev.baton.plugin.rebalance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.plugin.rebalance.FakeLoads.Connection;
import dev.baton.spi.config.Percent;
import dev.baton.spi.config.Rate;
import dev.baton.spi.fd.FdKind;
import dev.baton.testkit.FlightRecording;
import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * R36: takeovers that cost more than they save. Loops and time are the test's: what is piled up is spread, at a bounded
 * rate; what is even, idle, or would be no better elsewhere stays; and nothing goes to and fro, whatever the load does.
 */
class RebalancerTest {
    private static final long SECOND = 1_000_000_000;
    private static final double LOW = 0.1;
    private static final int RATE = 200;
    private static final int REST = 30;

    private final Counts counts = new Counts();
    private FakeLoads loads = new FakeLoads(4);
    private Rebalancer rebalancer = rebalancer(Duration.ofSeconds(3), 3);

    private Rebalancer rebalancer(Duration window, int periods) {
        return rebalancer(window, periods, Duration.ofSeconds(REST));
    }

    private Rebalancer rebalancer(Duration window, int periods, Duration rest) {
        return new Rebalancer(
                new RebalanceConfig(
                        Duration.ofSeconds(1),
                        window,
                        periods,
                        new Percent(30),
                        new Percent(10),
                        new Percent(50),
                        new Rate(RATE),
                        rest),
                loads,
                new Tally(counts));
    }

    /** So many looks, a second apart. */
    private void looks(int count) {
        for (int i = 0; i < count; i++) {
            loads.pass(SECOND, rebalancer);
            assertThat(loads.asked).as("takeovers a second").isLessThanOrEqualTo(RATE);
        }
    }

    private int looksUntilEven() {
        int looks = 0;
        while (loads.spread() > LOW) {
            looks(1);
            assertThat(++looks).as("it becomes even").isLessThan(200);
        }
        return looks;
    }

    @Test
    void shouldSpreadWhatIsPiledUpAndThenRest() {
        loads.add(0, 2_000, 0.9 / 2_000);
        looksUntilEven();
        looks(20); // it has seen so
        int moves = loads.moves();
        assertThat(moves).isBetween(1_000, 1_500);
        assertThat(loads.connections).allMatch(each -> each.moves <= 1);
        for (int loop = 0; loop < 4; loop++) {
            assertThat(loads.on(loop)).isBetween(350L, 700L);
        }
        looks(1_000);
        assertThat(loads.moves()).as("and then nothing").isEqualTo(moves);
        assertThat(counts.of("baton_rebalance_moves_totalloop,0")).isEqualTo(moves);
        assertThat(counts.of("baton_rebalance_episodes_total")).isEqualTo(1);
    }

    @Test
    void shouldTellTheFlightRecorderOfAnEpisode() throws Exception {
        try (FlightRecording recording = FlightRecording.of("dev.baton.LoopRebalance")) {
            loads.add(0, 2_000, 0.9 / 2_000);
            looksUntilEven();
            looks(20);
            assertThat(recording.events()).singleElement().satisfies(event -> {
                assertThat(event.getInt("loop")).isZero();
                assertThat(event.getInt("moved")).isEqualTo(loads.moves());
                assertThat(event.getDuration("nanos")).isGreaterThan(Duration.ofSeconds(1));
            });
        }
    }

    /** More is wanted than one loop can give: what the measurements say of the wanted is too little all the while. */
    @Test
    void shouldSpreadMoreThanALoopCanDo() {
        loads.add(0, 2_000, 2.4 / 2_000);
        looksUntilEven();
        looks(40);
        int moves = loads.moves();
        looks(1_000);
        assertThat(loads.moves()).isEqualTo(moves);
        assertThat(loads.connections).allMatch(each -> each.moves <= 1);
    }

    @Test
    void shouldSpreadOverManyLoops() {
        loads = new FakeLoads(16);
        rebalancer = rebalancer(Duration.ofSeconds(3), 3);
        loads.add(0, 2_000, 6.0 / 2_000);
        looksUntilEven();
        looks(100);
        assertThat(loads.connections).allMatch(each -> each.moves <= 1);
    }

    /** What a connection costs is only an estimate: here as much again hangs on each as is its own. */
    @Test
    void shouldNotOvershootWhereMoreGoesAlongThanWasMeasured() {
        List<Connection> clients = loads.add(0, 500, 0.45 / 500);
        List<Connection> upstream = loads.add(0, 500, 0.45 / 500, FdKind.UPSTREAM);
        for (int i = 0; i < 300; i++) {
            looks(1);
            for (int c = 0; c < clients.size(); c++) {
                upstream.get(c).owner = clients.get(c).owner; // the pool's doing
            }
            assertThat(loads.wanted(loads.loops.get(0))).isGreaterThan(0.15);
        }
        assertThat(loads.spread()).isLessThan(0.3);
        assertThat(clients).allMatch(each -> each.moves <= 1);
        assertThat(upstream).allMatch(each -> each.moves == 0);
    }

    @Test
    void shouldMoveUpstreamConnectionsWhereNoOthersAreLeft() {
        loads.add(0, 100, 0.9 / 100, FdKind.UPSTREAM);
        looksUntilEven();
    }

    @Test
    void shouldLeaveAloneWhatIsEven() {
        for (int loop = 0; loop < 4; loop++) {
            loads.add(loop, 100, 0.8 / 100 + loop * 0.0005);
        }
        looks(1_000);
        assertThat(loads.moves()).isZero();
    }

    @Test
    void shouldMoveNothingThatIsIdle() {
        loads.add(0, 2_000, 0);
        looks(1_000);
        assertThat(loads.moves()).isZero();
        List<Connection> busy = loads.add(0, 20, 0.8 / 20);
        looks(100);
        assertThat(loads.moves()).isPositive();
        assertThat(loads.moves())
                .as("none of the idle ones")
                .isEqualTo(busy.stream().mapToInt(each -> each.moves).sum());
    }

    @Test
    void shouldMoveNothingFromALoopWithTimeToSpare() {
        loads.add(0, 2_000, 0.45 / 2_000);
        looks(1_000);
        assertThat(loads.moves()).isZero();
    }

    @Test
    void shouldLeaveASingleHotConnectionWhereItIs() {
        List<Connection> elephant = loads.add(0, 1, 0.95);
        looks(1_000);
        assertThat(loads.moves()).isZero();
        loads.add(0, 100, 0.001);
        looks(1_000);
        assertThat(elephant.get(0).moves).as("the others leave it alone").isZero();
    }

    @Test
    void shouldPartTwoHotConnections() {
        loads.add(0, 2, 0.47);
        looks(1_000);
        assertThat(loads.moves()).isEqualTo(1);
        assertThat(loads.on(0)).isEqualTo(1);
    }

    /** How long a connection rests that was moved says nothing about when to look again at one that was not. */
    @Test
    void shouldLookAgainWhereASingleConnectionWasBusyWhileItMeasured() {
        rebalancer = rebalancer(Duration.ofSeconds(3), 3, Duration.ofHours(1));
        List<Connection> two = loads.add(0, 2, 0);
        two.get(0).wants = 0.94;
        looks(12);
        assertThat(loads.moves()).isZero();
        two.forEach(each -> each.wants = 0.47);
        looks(60);
        assertThat(loads.moves()).isEqualTo(1);
        assertThat(loads.on(0)).isEqualTo(1);
    }

    @Test
    void shouldMoveNothingWhereNoProcessorIsFree() {
        loads.add(0, 1_000, 0.95 / 1_000);
        loads.processors = 1;
        looks(100);
        assertThat(loads.moves()).isZero();
        loads.processors = 2;
        loads.loops.get(1).own = 0.99;
        looks(100);
        assertThat(loads.moves()).isZero();
        loads.processors = 4;
        looks(100);
        assertThat(loads.moves()).isPositive();
    }

    @Test
    void shouldNotCarryOffWhatTheLoopDoesByItself() {
        loads.loops.get(0).own = 0.9;
        loads.add(0, 10, 0.0005);
        looks(1_000);
        // They are worth next to nothing, and each may go once a rest at most; none comes back.
        assertThat(loads.connections).allMatch(each -> each.moves <= 1);
    }

    @Test
    void shouldNeitherTakeFromNorGiveToALoopThatIsAvoided() {
        loads.add(0, 1_000, 0.9 / 1_000);
        loads.loops.get(0).avoided = true;
        looks(100);
        assertThat(loads.moves()).isZero();
        loads.loops.get(0).avoided = false;
        loads.loops.get(3).avoided = true;
        looks(100);
        assertThat(loads.moves()).isPositive();
        assertThat(loads.on(3)).isZero();
    }

    @Test
    void shouldGoOnWithoutALoopThatGoesInTheMiddle() {
        loads.add(0, 2_000, 0.9 / 2_000);
        while (loads.moves() == 0) {
            looks(1);
        }
        FakeLoads.FakeLoop gone = loads.loops.remove(2);
        for (Connection each : loads.connections) {
            if (each.owner == gone) {
                each.owner = loads.loops.get(1); // the runtime's doing
            }
        }
        int before = loads.moves();
        looksUntilEven();
        assertThat(loads.moves()).isGreaterThan(before);
        assertThat(loads.connections).noneMatch(each -> each.owner == gone);
    }

    @Test
    void shouldForgetThePlanWhenItsLoopGoes() {
        loads.add(0, 2_000, 0.9 / 2_000);
        while (loads.moves() == 0) {
            looks(1);
        }
        int before = loads.moves();
        loads.loops.get(0).avoided = true;
        looks(50);
        assertThat(loads.moves()).isEqualTo(before);
        loads.loops.get(0).avoided = false;
        looksUntilEven();
    }

    @Test
    void shouldTryWhatWasBusyLater() {
        loads.busyPercent = 50;
        loads.add(0, 2_000, 0.9 / 2_000);
        looksUntilEven();
        assertThat(counts.of("baton_rebalance_refused_totalloop,0")).isPositive();
        assertThat(loads.connections).allMatch(each -> each.moves <= 1);
    }

    @Test
    void shouldNotWaitForALoopThatDoesNotTakeWhatItIsGiven() {
        loads.deaf.add(1);
        loads.add(0, 2_000, 0.9 / 2_000);
        looks(100);
        assertThat(loads.on(1)).isZero();
        assertThat(loads.on(2)).isPositive();
        loads.deaf.clear();
        looks(100);
        assertThat(loads.on(1)).isPositive();
    }

    /** Two groups are busy in turn. Where a turn is long they get mixed, once; where it is short nothing is done. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8, 10, 13, 17, 20, 30, 50})
    void shouldNotMoveToAndFroWithALoadThatSwings(int turn) {
        loads = new FakeLoads(2);
        rebalancer = rebalancer(Duration.ofSeconds(3), 3);
        List<Connection> first = loads.add(0, 500, 0);
        List<Connection> second = loads.add(1, 500, 0);
        int half = 0;
        for (int look = 0; look < 1_000; look++) {
            boolean firsts = look / turn % 2 == 0;
            first.forEach(each -> each.wants = firsts ? 0.9 / 500 : 0.05 / 500);
            second.forEach(each -> each.wants = firsts ? 0.05 / 500 : 0.9 / 500);
            looks(1);
            half = look == 500 ? loads.moves() : half;
        }
        assertThat(loads.moves()).as("in the second half").isEqualTo(half);
        assertThat(loads.connections).as("to and fro").allMatch(each -> each.moves <= 2);
        assertThat(loads.moves()).isLessThanOrEqualTo(1_000);
    }

    /** Each connection does as it likes: nothing that is moved stays right for long. */
    @Test
    void shouldNotMoveToAndFroWithALoadThatIsRandom() {
        long seed = 20_26;
        SplittableRandom random = new SplittableRandom(seed);
        for (int loop = 0; loop < 4; loop++) {
            loads.add(loop, 50, 0);
        }
        for (int look = 0; look < 1_000; look++) {
            loads.connections.forEach(each -> each.wants = random.nextInt(10) == 0 ? 0.1 : 0.001);
            looks(1);
        }
        assertThat(loads.connections).allMatch(each -> each.moves <= 1 + 1_000 / REST);
        System.out.println("seed " + seed + ": " + loads.moves() + " moves");
        assertThat(loads.moves()).as("two a connection, in a thousand looks").isLessThan(400);
    }

    @Test
    void shouldDoNothingAfterTheStop() {
        loads.add(0, 2_000, 0.9 / 2_000);
        while (loads.moves() == 0) {
            looks(1);
        }
        int before = loads.moves();
        rebalancer.stop();
        looks(100);
        assertThat(loads.moves()).isEqualTo(before);
    }
}
