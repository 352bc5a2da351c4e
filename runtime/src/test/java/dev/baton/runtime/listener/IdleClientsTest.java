package dev.baton.runtime.listener;

import static org.assertj.core.api.Assertions.assertThat;
import static org.mockito.Mockito.mock;

import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.service.Service;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Which clients are closed where there is no room for new ones, and how often they are looked for. */
class IdleClientsTest {
    private static final long MS = Duration.ofMillis(1).toNanos();

    /** How long each has been idle. */
    private final Map<MovableChannel, Long> connections = new LinkedHashMap<>();

    private final List<Long> closed = new ArrayList<>();
    private int searches;
    private long now = Long.MAX_VALUE - 50 * MS; // overflows on the way, as System.nanoTime may

    private final IdleClients.Owner owner = (connection, nanos) -> {
        if (connections.getOrDefault(connection, -1L) < nanos) {
            return false;
        }
        closed.add(nanos / MS);
        connections.remove(connection);
        return true;
    };
    private final IdleClients idle = new IdleClients(List.of(new IdleClients.Source() {
        @Override
        public void idle(IdleClients.Search search) {
            searches++;
            connections.forEach((connection, nanos) -> search.offer(owner, connection, nanos));
        }
    }));

    private MovableChannel connection(long idleMillis) {
        MovableChannel connection = mock(MovableChannel.class);
        connections.put(connection, idleMillis * MS);
        return connection;
    }

    @Test
    void whoHasBeenIdleLongestIsFirst() {
        connection(300);
        connection(900);
        connection(600);
        assertThat(idle.search(now)).isTrue();
        assertThat(idle.closeOne()).isTrue();
        assertThat(idle.closeOne()).isTrue();
        assertThat(closed).containsExactly(900L, 600L);
    }

    @Test
    void whoIsAtWorkOrWasAMomentAgoStays() {
        connection(-1);
        connection(99);
        assertThat(idle.search(now)).isFalse();
        assertThat(idle.closeOne()).isFalse();
        connection(100);
        assertThat(idle.search(now + 101 * MS)).isTrue();
        assertThat(idle.closeOne()).isTrue();
        assertThat(closed).containsExactly(100L);
    }

    @Test
    void whoHasHadAMessageSinceTheSearchStays() {
        MovableChannel active = connection(900);
        connection(500);
        idle.search(now);
        connections.put(active, 200 * MS);
        assertThat(idle.closeOne()).isTrue();
        assertThat(idle.closeOne()).isFalse();
        assertThat(closed).containsExactly(500L);
    }

    @Test
    void aSearchThatHasFoundAllIsNotRepeatedAtOnce() {
        connection(10);
        idle.search(now);
        idle.search(now);
        idle.search(now + 99 * MS);
        assertThat(searches).isEqualTo(1);
        idle.search(now + 101 * MS);
        assertThat(searches).isEqualTo(2);
    }

    @Test
    void whereNobodyCanBecomeIdleThereIsNothingToLookFor() {
        assertThat(idle.mayCome()).isTrue();
        MovableChannel stream = mock(MovableChannel.class);
        connections.put(stream, Service.NEVER_IDLE);
        assertThat(idle.search(now)).isFalse();
        assertThat(idle.mayCome()).isFalse();
        connection(10);
        assertThat(idle.search(now)).isFalse();
        assertThat(idle.mayCome()).isTrue();
    }

    @Test
    void aSearchKeepsSoManyOfTheLongestAndTheNextMayFollowAtOnce() {
        for (int i = 0; i < IdleClients.KEPT_MAX + 10; i++) {
            connection(1_000 + i);
        }
        idle.search(now);
        while (idle.areKnown()) {
            idle.closeOne();
        }
        assertThat(closed).hasSize(IdleClients.KEPT_MAX).isSortedAccordingTo((a, b) -> Long.compare(b, a));
        assertThat(closed).doesNotContain(1_009L).contains(1_010L);
        assertThat(idle.search(now)).isTrue();
        assertThat(searches).isEqualTo(2);
    }
}
