package dev.baton.runtime.plugin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.inject.Guice;
import com.google.inject.Injector;
import jakarta.inject.Inject;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class InstancesTest {
    private final AtomicInteger injectors = new AtomicInteger();

    private Instances instances(Class<?>... types) {
        Instances made = new Instances("test", Set.of(types));
        made.by(() -> {
            injectors.incrementAndGet();
            return injector(made);
        });
        return made;
    }

    private static Injector injector(Instances of) {
        return Guice.createInjector(
                of::bind, binder -> binder.bind(String.class).toInstance("given"));
    }

    static final class Plain {}

    static final class Wanting {
        final String given;
        final Plain plain;

        @Inject
        Wanting(String given, Plain plain) {
            this.given = given;
            this.plain = plain;
        }
    }

    static class WantsByField {
        @Inject
        @Nullable
        String given;
    }

    static final class Inherits extends WantsByField {}

    static class WantsByMethod {
        String given = "";

        @com.google.inject.Inject
        void give(String value) {
            given = value;
        }
    }

    static final class Broken {
        Broken() {
            throw new IllegalStateException("broken");
        }
    }

    @Test
    void shouldMakeAClassThatWantsNothingWithoutAnInjector() {
        Instances instances = instances(Plain.class, Wanting.class);
        Plain plain = instances.of(Plain.class);
        assertThat(instances.of(Plain.class)).isSameAs(plain);
        assertThat(injectors).hasValue(0);
    }

    @Test
    void shouldGiveOthersTheOneInstance() {
        Instances instances = instances(Plain.class, Wanting.class);
        Wanting wanting = instances.of(Wanting.class);
        assertThat(wanting.given).isEqualTo("given");
        assertThat(instances.of(Plain.class)).isSameAs(wanting.plain);
        assertThat(instances.of(Wanting.class)).isSameAs(wanting);
        assertThat(injectors).hasValue(1);
    }

    @Test
    void shouldInjectFieldsAndMethodsOfSuperclassesToo() {
        Instances instances = instances(Inherits.class, WantsByMethod.class);
        assertThat(instances.of(Inherits.class).given).isEqualTo("given");
        assertThat(instances.of(WantsByMethod.class).given).isEqualTo("given");
    }

    @Test
    void shouldThrowWhatTheConstructorThrows() {
        assertThatThrownBy(() -> instances(Broken.class).of(Broken.class))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("broken");
    }
}
