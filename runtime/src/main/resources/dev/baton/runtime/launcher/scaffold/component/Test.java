package __package__;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** The component alone. */
class __Name__Test {

    @Test
    void shouldCountUntilItIsStopped() throws InterruptedException {
        CountDownLatch counted = new CountDownLatch(3);
        var component = new __Name__Component(new __Name__Component.Keys(Duration.ofMillis(1)), counted::countDown);
        assertThat(component.start().toCompletableFuture()).isCompletedWithValue("__id__ counts every 1 ms");
        assertThat(counted.await(10, TimeUnit.SECONDS)).isTrue();
        assertThat(component.stop().toCompletableFuture()).isCompleted();
    }
}
