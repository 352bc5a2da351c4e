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

/** One lookup at a time, the last good answer while there is no better one, and an end to both. */
class HostNameTest {
    private static final InetAddress A = address(1);
    private static final InetAddress B = address(2);

    private final Queue<HostLookup.Reply> asked = new ArrayDeque<>();
    private final Queue<Runnable> ticks = new ArrayDeque<>();
    private long now = Long.MAX_VALUE - 1; // the clock may begin anywhere
    private int changes;
    private final HostNames names =
            new HostNames((host, reply) -> asked.add(reply), (delay, task) -> ticks.add(task), () -> now);
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

    private void pass(Duration time) {
        for (long end = now + time.toNanos(); end - now > 0; ) {
            now += HostName.REFRESH.toNanos();
            ticks.remove().run();
        }
    }

    private List<InetAddress> current() {
        return name.addresses().current();
    }

    @Test
    void oneNameIsOneForAllWhoSpellItDifferently() {
        assertThat(names.name("APP.TEST")).isSameAs(name);
        assertThat(asked).hasSize(1);
    }

    @Test
    void aSecondLookupWaitsForTheEndOfTheFirst() {
        pass(Duration.ofMinutes(1));
        List<String> told = new ArrayList<>();
        assertThat(name.afterLookup(() -> told.add("later"))).isTrue();
        assertThat(asked).hasSize(1);
        assertThat(told).as("the tick has said that it is silent").containsExactly("later");
        now += HostName.RETRY.toNanos();
        assertThat(name.afterLookup(() -> told.add("answer"))).isTrue();
        assertThat(asked).hasSize(1);
        asked.remove().found(List.of(A));
        assertThat(told).containsExactly("later", "answer");
        pass(HostName.REFRESH);
        assertThat(asked).as("and then it is asked again").hasSize(1);
    }

    @Test
    void theSameAddressesInAnotherOrderAreNoChange() {
        asked.remove().found(List.of(A, B));
        HostName.Addresses before = name.addresses();
        pass(HostName.REFRESH);
        asked.remove().found(List.of(B, A));
        assertThat(name.addresses()).isSameAs(before);
        assertThat(changes).isEqualTo(1);
    }

    @Test
    void anAddressThatIsMissingIsHeldForAWhile() {
        asked.remove().found(List.of(A, B));
        pass(HostName.REFRESH);
        asked.remove().found(List.of(B));
        assertThat(current()).containsExactly(B);
        assertThat(name.addresses().held()).hasSize(1);
        pass(HostName.REFRESH);
        asked.remove().found(List.of(B));
        assertThat(name.addresses().held()).hasSize(1);
        pass(HostName.REFRESH);
        asked.remove().found(List.of(B));
        assertThat(name.addresses().held()).isEmpty();
        assertThat(changes).isEqualTo(3);
    }

    @Test
    void aFailureKeepsTheLastGoodAnswerForAnHour() {
        asked.remove().found(List.of(A));
        pass(HostName.REFRESH);
        for (Duration past = HostName.REFRESH; past.compareTo(HostName.KEPT) < 0; past = past.plus(HostName.REFRESH)) {
            asked.remove().failed("temporary failure", false);
            assertThat(current()).as("after %s", past).containsExactly(A);
            pass(HostName.REFRESH);
        }
        asked.remove().failed("temporary failure", false);
        assertThat(current()).isEmpty();
        assertThat(name.failure()).isEqualTo("temporary failure");
        assertThat(changes).isEqualTo(2);
    }

    @Test
    void aNameThatIsNoMoreIsForgottenSooner() {
        asked.remove().found(List.of(A));
        pass(HostName.KEPT_WITHOUT_NAME.minus(HostName.REFRESH));
        asked.remove().failed("no such name", true);
        assertThat(current()).containsExactly(A);
        pass(HostName.REFRESH);
        asked.remove().failed("no such name", true);
        assertThat(current()).isEmpty();
    }

    /** Nothing ever comes back: the tick must see it, for no reply does. */
    @Test
    void silenceKeepsTheLastGoodAnswerAndEndsToo() {
        asked.remove().found(List.of(A));
        pass(HostName.KEPT.minus(HostName.REFRESH));
        assertThat(current()).containsExactly(A);
        assertThat(asked).hasSize(1);
        pass(HostName.REFRESH);
        assertThat(current()).isEmpty();
        asked.remove().found(List.of(B));
        assertThat(current()).containsExactly(B);
    }

    @Test
    void aFailureAnswersThoseWhoAskWithinASecond() {
        asked.remove().failed("no such name", true);
        List<String> told = new ArrayList<>();
        name.afterLookup(() -> told.add("now"));
        assertThat(told).hasSize(1);
        assertThat(asked).isEmpty();
        now += HostName.RETRY.toNanos();
        name.afterLookup(() -> told.add("later"));
        assertThat(told).hasSize(1);
        assertThat(asked).hasSize(1);
    }

    @Test
    void noMoreThanSoManyWait() {
        for (int i = 0; i < HostName.WAITING_MAX; i++) {
            assertThat(name.afterLookup(() -> {})).isTrue();
        }
        assertThat(name.afterLookup(() -> {})).isFalse();
    }

    @Test
    void afterTheCloseNobodyIsAsked() {
        asked.remove().found(List.of(A));
        names.close();
        ticks.remove().run();
        assertThat(asked).isEmpty();
        assertThat(ticks).isEmpty();
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
}
