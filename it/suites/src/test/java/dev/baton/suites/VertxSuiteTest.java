package dev.baton.suites;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.embed.BatonVertxProvider;
import io.vertx.core.Vertx;
import io.vertx.core.internal.VertxInternal;
import io.vertx.test.core.VertxTestBase;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** That Vert.x's suite is what it should be, and runs on what it should. */
class VertxSuiteTest {

    @Test
    void shouldBeOfTheVersionOfVertx() {
        String jar = VertxTestBase.class
                .getProtectionDomain()
                .getCodeSource()
                .getLocation()
                .getPath();
        String own =
                Vertx.class.getProtectionDomain().getCodeSource().getLocation().getPath();
        assertThat(jar).endsWith(own.substring(own.lastIndexOf('/')).replace(".jar", "-tests.jar"));
    }

    /** As the base class of its tests makes each of them; or on what it is compared with. */
    @Test
    void shouldRunOnTheLoopsThatAreAskedFor() throws Exception {
        Vertx vertx = Vertx.builder().withTransport(VertxTestBase.TRANSPORT).build();
        try {
            boolean onBaton = ((VertxInternal) vertx)
                    .transport()
                    .getClass()
                    .getPackageName()
                    .equals(BatonVertxProvider.class.getPackageName());
            assertThat(onBaton)
                    .isEqualTo(System.getProperty("suites.on", "baton").equals("baton"));
        } finally {
            vertx.close().toCompletionStage().toCompletableFuture().get(10, TimeUnit.SECONDS);
        }
    }
}
