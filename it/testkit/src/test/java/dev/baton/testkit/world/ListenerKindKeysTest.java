package dev.baton.testkit.world;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.spi.Configured;
import dev.baton.spi.Plugin;
import dev.baton.spi.PluginBinder;
import dev.baton.spi.listener.ListenerEndpoint;
import dev.baton.spi.listener.ListenerKind;

/** A listener kind with keys of its own, which a listener gives beside its bind. */
class ListenerKindKeysTest {

    static final class AliasPlugin implements Plugin {
        @Override
        public void configure(PluginBinder binder) {
            binder.listener("alias", Keys.class, Factory.class);
        }
    }

    /** What a name stands for. */
    record Keys(String to) {
        Keys {
            if (to.startsWith("alias:")) {
                throw new IllegalArgumentException("an alias of an alias");
            }
        }
    }

    static final class Factory implements Configured<Keys, ListenerKind> {
        @Override
        public ListenerKind create(Keys keys) {
            return new Alias(keys.to());
        }
    }

    private record Alias(String to) implements ListenerKind {
        @Override
        public String name() {
            return "alias";
        }

        @Override
        public boolean claims(String bind) {
            return bind.startsWith("alias:");
        }

        @Override
        public ListenerEndpoint parse(String bind) {
            return new LoopbackKind().parse(to);
        }
    }

    private static void start(PluginWorld world, String listener) {
        world.plugin(AliasPlugin.class);
        world.start("""
                listeners: { in: { %s, service: echo } }
                services: { echo: { type: testkit-echo } }
                """.formatted(listener));
    }

    @InEachWorld
    void shouldMakeAKindOfAListenersKeys(PluginWorld world) {
        start(world, "bind: alias:front, kind: { type: alias, to: '127.0.0.1:0' }");
        Peer client = world.connect("in");
        client.send("hello");
        client.expect("hello");
    }

    @InEachWorld
    void shouldSayWhatIsWrongWithTheKeys(PluginWorld world) {
        assertThatThrownBy(() -> start(world, "bind: alias:front"))
                .hasMessageContaining("'alias:front' has the form of none of the kinds of listeners");
        assertThatThrownBy(() -> start(world, "bind: alias:front, kind: alias"))
                .hasMessageContaining("listeners.in.kind needs the key 'to'");
        assertThatThrownBy(() -> start(world, "bind: '127.0.0.1:0', kind: { type: alias, to: '127.0.0.1:0' }"))
                .hasMessageContaining("'127.0.0.1:0' does not have the form of the kind alias");
        assertThatThrownBy(() -> start(world, "bind: alias:a, kind: { type: alias, to: alias:b }"))
                .hasMessageContaining("an alias of an alias");
        assertThatThrownBy(() -> start(world, "bind: alias:front, kind: { type: alia }"))
                .hasMessageContaining("did you mean 'alias'?");
    }
}
