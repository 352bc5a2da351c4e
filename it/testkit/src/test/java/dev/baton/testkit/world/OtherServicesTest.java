package dev.baton.testkit.world;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.baton.spi.Plugin;
import dev.baton.spi.PluginBinder;
import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.config.Default;
import dev.baton.spi.config.ServiceName;
import dev.baton.spi.service.Service;
import dev.baton.spi.service.ServiceContext;
import dev.baton.spi.service.ServiceFactory;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** When services that use each other are made and closed, and what they cannot do to each other. */
class OtherServicesTest {
    private static final List<String> MADE = new CopyOnWriteArrayList<>();
    private static final List<String> CLOSED = new CopyOnWriteArrayList<>();

    /** Has two types of services, one of which says which service it needs. */
    static final class UsingPlugin implements Plugin {
        @Override
        public void configure(PluginBinder binder) {
            binder.service("says", Says.class, SaysFactory.class);
            binder.service("asks", Asks.class, AsksFactory.class);
        }
    }

    record Says(
            @ServiceName Optional<String> needs,
            @Default("false") boolean closes) {}

    record Asks(String needs) {}

    static final class SaysFactory implements ServiceFactory<Says> {
        @Override
        public Service create(String name, Says config, ServiceContext context) {
            config.needs()
                    .map(context::service)
                    .filter(other -> config.closes())
                    .ifPresent(Service::close);
            return new Noted(name);
        }
    }

    static final class AsksFactory implements ServiceFactory<Asks> {
        @Override
        public Service create(String name, Asks config, ServiceContext context) {
            context.service(config.needs());
            return new Noted(name);
        }
    }

    private record Noted(String name) implements Service {
        Noted {
            MADE.add(name);
        }

        @Override
        public void initialize(MovableChannel connection, String listener) {}

        @Override
        public void close() {
            CLOSED.add(name);
        }
    }

    @BeforeEach
    void forget() {
        MADE.clear();
        CLOSED.clear();
    }

    private static void refused(PluginWorld world, String service, String why) {
        world.plugin(UsingPlugin.class);
        assertThatExceptionOfType(AssertionError.class)
                .isThrownBy(() -> world.start("services: { " + service + ", back: { type: says } }"))
                .withMessageContaining(why);
    }

    @Test
    void shouldBeMadeBehindAndClosedBeforeThoseThatTheyNeed() throws Throwable {
        PluginWorld world = new RealWorld(PluginWorld.PATIENCE);
        world.run(() -> {
            world.plugin(UsingPlugin.class);
            world.start("""
                    services:
                      front: { type: says, needs: middle }
                      middle: { type: says, needs: back }
                      back: { type: says }
                    """);
            assertThat(CLOSED).isEmpty();
        });
        assertThat(MADE).containsExactly("back", "middle", "front");
        assertThat(CLOSED).containsExactly("front", "middle", "back");
    }

    @InEachWorld
    void shouldSayThatAServiceIsNamedBehindTheRuntimesBack(PluginWorld world) {
        refused(
                world,
                "front: { type: asks, needs: back }",
                "services.front: plugin using cannot make it: " + NoSuchElementException.class.getName()
                        + ": service 'back' is not made yet: annotate the component that names it with @ServiceName");
    }

    @InEachWorld
    void shouldSayThatAServiceNamedBehindTheRuntimesBackIsNotThere(PluginWorld world) {
        refused(world, "front: { type: asks, needs: none }", "there is no service 'none'");
    }

    @InEachWorld
    void shouldNotCloseAnother(PluginWorld world) {
        refused(
                world,
                "front: { type: says, needs: back, closes: true }",
                "service 'back' is closed by the runtime, not by a service that uses it");
        assertThat(CLOSED).as("by the runtime, as the start fails").containsExactly("back");
    }
}
