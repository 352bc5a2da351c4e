package dev.baton.runtime.upstream;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** One lookup at a time, the last good answer while there is no better one, and an end to both. */
class HostNameTest {
    private static final InetAddress A = address(1);
    private static final InetAddress B = address(2);

    private final Queue<HostLookup.Reply> asked = new ArrayDeque<>();
    private final TestTime time = new TestTime();
    private int changes;
    /** Runs at the next look at the clock: in the middle of whatever looks. */
    private Runnable meanwhile = () -> {};

    private final HostNames names = new HostNames((host, reply) -> asked.add(reply), time, this::nanoTime);
    private final HostName name = names.name("App.test");

    HostNameTest() {
        name.watch(() -> changes++);
    }

    private static InetAddress address(int last) {
        try {
            return InetAddress.getByAddress(new byte[] {10, 0, 0, (byte) last});
        } catch (UnknownHostException e) {
            throw new AssertionError(e);
        }
    }

    private long nanoTime() {
        Runnable first = meanwhile;
        meanwhile = () -> {};
        first.run();
        return time.nanoTime();
    }

    private void pass(Duration duration) {
        time.pass(duration);
    }

    private List<InetAddress> current() {
        return name.answers().current();
    }

    @Test
    void aNameIsOneNameInWhateverCase() {
        assertThat(names.name("APP.TEST")).isSameAs(name);
        assertThat(asked).hasSize(1);
    }

    @Test
    void aSecondLookupWaitsForTheEndOfTheFirst() {
        pass(Duration.ofMinutes(1));
        List<String> told = new ArrayList<>();
        assertThat(name.afterLookup(() -> told.add("later"))).isTrue();
        assertThat(asked).hasSize(1);
        assertThat(told).as("it is known to be silent").containsExactly("later");
        pass(HostName.RETRY);
        assertThat(name.afterLookup(() -> told.add("answer"))).isTrue();
        assertThat(asked).hasSize(1);
        asked.remove().found(List.of(A));
        assertThat(told).containsExactly("later", "answer");
        pass(HostLookup.REFRESH);
        assertThat(asked).as("and then it is asked again").hasSize(1);
    }

    @Test
    void theSameAddressesInAnotherOrderAreNoChange() {
        asked.remove().found(List.of(A, B));
        LookedUpName.Answers<InetAddress> before = name.answers();
        pass(HostLookup.REFRESH);
        asked.remove().found(List.of(B, A));
        assertThat(name.answers()).isSameAs(before);
        assertThat(changes).isEqualTo(1);
    }

    @Test
    void anAddressThatIsMissingIsHeldForAWhile() {
        asked.remove().found(List.of(A, B));
        pass(HostLookup.REFRESH);
        asked.remove().found(List.of(B));
        assertThat(current()).containsExactly(B);
        assertThat(name.answers().held()).hasSize(1);
        pass(HostLookup.REFRESH);
        asked.remove().found(List.of(B));
        assertThat(name.answers().held()).hasSize(1);
        pass(HostLookup.REFRESH);
        asked.remove().found(List.of(B));
        assertThat(name.answers().held()).isEmpty();
        assertThat(changes).isEqualTo(3);
    }

    @Test
    void aFailureKeepsTheLastGoodAnswerForAnHour() {
        asked.remove().found(List.of(A));
        pass(HostLookup.REFRESH);
        for (Duration past = HostLookup.REFRESH;
                past.compareTo(HostName.KEPT) < 0;
                past = past.plus(HostLookup.REFRESH)) {
            asked.remove().failed("temporary failure", false);
            assertThat(current()).as("after %s", past).containsExactly(A);
            pass(HostLookup.REFRESH);
        }
        asked.remove().failed("temporary failure", false);
        assertThat(current()).isEmpty();
        assertThat(name.failure()).isEqualTo("temporary failure");
        assertThat(changes).isEqualTo(2);
    }

    @Test
    void aNameThatIsGoneIsForgottenSooner() {
        asked.remove().found(List.of(A));
        pass(HostName.KEPT_WITHOUT_NAME.minus(HostLookup.REFRESH));
        asked.remove().failed("no such name", true);
        assertThat(current()).containsExactly(A);
        pass(HostLookup.REFRESH);
        asked.remove().failed("no such name", true);
        assertThat(current()).isEmpty();
    }

    /** Nothing ever comes back: the timer must see it, for no reply does. */
    @Test
    void silenceKeepsTheLastGoodAnswerAndEndsToo() {
        asked.remove().found(List.of(A));
        pass(HostName.KEPT.minus(HostLookup.REFRESH));
        assertThat(current()).containsExactly(A);
        assertThat(asked).hasSize(1);
        pass(HostLookup.REFRESH);
        assertThat(current()).isEmpty();
        asked.remove().found(List.of(B));
        assertThat(current()).containsExactly(B);
    }

    /** F16: the timer has seen that there is no answer, and says so when it has come. */
    @Test
    void shouldNotTakeAnAnswerForSilenceThatComesJustThen() {
        pass(HostName.SILENT.minusNanos(1));
        meanwhile = () -> asked.remove().found(List.of(A));
        pass(Duration.ofNanos(1));
        assertThat(current()).containsExactly(A);
        assertThat(name.failure()).as("that of silence").isEqualTo("no answer yet");
    }

    @Test
    void aFailureAnswersWhatAsksWithinASecond() {
        asked.remove().failed("no such name", true);
        List<String> told = new ArrayList<>();
        name.afterLookup(() -> told.add("now"));
        assertThat(told).hasSize(1);
        assertThat(asked).isEmpty();
        pass(HostName.RETRY);
        name.afterLookup(() -> told.add("later"));
        assertThat(told).hasSize(1);
        assertThat(asked).hasSize(1);
    }

    @Test
    void thatItHasNoAddressIsToldOnce() {
        asked.remove().failed("no such name", true);
        assertThat(name.isNowhere()).isTrue();
        assertThat(changes).isOne();
        pass(HostLookup.REFRESH);
        asked.remove().failed("no such name", true);
        assertThat(changes).isOne();
        pass(HostLookup.REFRESH);
        asked.remove().found(List.of(A));
        assertThat(name.isNowhere()).isFalse();
        assertThat(changes).isEqualTo(2);
    }

    @Test
    void noMoreThanSoManyWait() {
        for (int i = 0; i < HostName.WAITING_MAX; i++) {
            assertThat(name.afterLookup(() -> {})).isTrue();
        }
        assertThat(name.afterLookup(() -> {})).isFalse();
    }

    @Test
    void afterTheCloseNothingIsAsked() {
        asked.remove().found(List.of(A));
        names.close();
        pass(Duration.ofHours(1));
        assertThat(asked).isEmpty();
        assertThat(time.isIdle()).isTrue();
    }

    @Test
    void noMoreAddressesThanTheLimitAreUsed() {
        List<InetAddress> many = new ArrayList<>();
        for (int i = 0; i < 2 * HostName.ADDRESSES_MAX; i++) {
            many.add(address(i));
        }
        asked.remove().found(many);
        assertThat(current()).hasSize(HostName.ADDRESSES_MAX);
    }

    @ParameterizedTest
    @CsvSource({"1s, 1s", "90s, 90s", "0s, 1s", "1d, 5m"})
    void aNameIsAskedForAgainWhenItsAnswerIsNoLongerValid(String ttl, String asked) {
        Duration valid = Duration.parse(ttl.endsWith("d") ? "P" + ttl : "PT" + ttl);
        Duration next = Duration.parse("PT" + asked);
        this.asked.remove().found(List.of(A), valid);
        pass(next.minusNanos(1));
        assertThat(this.asked).isEmpty();
        pass(Duration.ofNanos(1));
        assertThat(this.asked).hasSize(1);
        this.asked.remove().failed("temporary failure", false);
        assertThat(current()).containsExactly(A);
        pass(HostLookup.REFRESH);
        assertThat(this.asked).as("a failure has no TTL").hasSize(1);
    }

    @Test
    void anAddressIsLetGoOfBeforeTheNextAnswer() {
        asked.remove().found(List.of(A, B), HostName.VALID_MIN);
        pass(HostName.VALID_MIN);
        asked.remove().found(List.of(B), HostName.VALID_MAX);
        pass(HostName.HELD.minusNanos(1));
        assertThat(name.answers().held()).hasSize(1);
        pass(Duration.ofNanos(1));
        assertThat(name.answers().held()).isEmpty();
        assertThat(asked).isEmpty();
        assertThat(changes).isEqualTo(3);
    }

    /** Without that each connect to a name without an address would begin a series of lookups of its own. */
    @Test
    void aLookupOnDemandReplacesTheNextOne() {
        for (int i = 0; i < 3; i++) {
            asked.remove().failed("no such name", true);
            pass(HostName.RETRY);
            name.afterLookup(() -> {});
        }
        asked.remove().found(List.of(A), Duration.ofMinutes(1));
        pass(Duration.ofMinutes(1).minusNanos(1));
        assertThat(asked).isEmpty();
        pass(Duration.ofNanos(1));
        assertThat(asked).hasSize(1);
    }
}
