package dev.baton.testkit.world;

import java.lang.reflect.Method;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.Extension;
import org.junit.jupiter.api.extension.ExtensionConfigurationException;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.InvocationInterceptor;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.junit.jupiter.api.extension.ReflectiveInvocationContext;
import org.junit.jupiter.api.extension.TestTemplateInvocationContext;
import org.junit.jupiter.api.extension.TestTemplateInvocationContextProvider;
import org.junit.platform.commons.support.AnnotationSupport;

/** Runs each {@link InEachWorld} once for each seed, and once for real. */
final class EachWorldExtension implements TestTemplateInvocationContextProvider {
    /**
     * One of so many of the seeds that a race is explored with: a plugin's test is one of many, and has a whole server
     * in it.
     */
    static final int DIVISOR = 100;

    /**
     * JUnit's configuration parameter: how long what a test leaves open may take to be closed, in milliseconds of the
     * world.
     */
    static final String CLOSING = "baton.world.closing-ms";

    private static final int SEEDS = 500;
    /** So many seeds that a person can type: one of them says all. */
    private static final long SEED_BOUND = 1_000_000_000;

    @Override
    public boolean supportsTestTemplate(ExtensionContext context) {
        return AnnotationSupport.isAnnotated(context.getTestMethod(), InEachWorld.class);
    }

    @Override
    public Stream<TestTemplateInvocationContext> provideTestTemplateInvocationContexts(ExtensionContext context) {
        Method method = context.getRequiredTestMethod();
        Set<Where> worlds = worlds(method);
        String name = context.getRequiredTestClass().getSimpleName() + "#" + method.getName();
        List<TestTemplateInvocationContext> runs = new ArrayList<>();
        Duration closing = context.getConfigurationParameter(CLOSING)
                .map(millis -> Duration.ofMillis(Long.parseLong(millis)))
                .orElse(PluginWorld.PATIENCE);
        Long only = Long.getLong("seed");
        if (only != null) {
            runs.add(new Run("simulation, seed " + only, new SimulatedWorld(only, name, true, closing)));
            return runs.stream();
        }
        if (worlds.contains(Where.SIMULATION)) {
            int seeds = Math.max(1, Integer.getInteger("sim.seeds", SEEDS) / DIVISOR);
            long first = Long.getLong("sim.first", Math.floorMod(System.nanoTime() * 0x9E3779B97F4A7C15L, SEED_BOUND));
            System.out.println("[sim] " + name + ": " + seeds + " seeds from " + first);
            for (long seed = first; seed < first + seeds; seed++) {
                runs.add(new Run("simulation, seed " + seed, new SimulatedWorld(seed, name, false, closing)));
            }
        }
        if (worlds.contains(Where.REAL)) {
            runs.add(new Run("real", new RealWorld(closing)));
        }
        return runs.stream();
    }

    private static Set<Where> worlds(Method method) {
        InEachWorld asked = AnnotationSupport.findAnnotation(method, InEachWorld.class)
                .orElseThrow(() -> new ExtensionConfigurationException(method + " is no test of plugins"));
        Set<Where> worlds = Set.of(asked.worlds());
        if (worlds.isEmpty()) {
            throw new ExtensionConfigurationException(method + " is to run in no world");
        }
        if (worlds.size() < Where.values().length && asked.because().isBlank()) {
            throw new ExtensionConfigurationException(method + " is to run in " + worlds
                    + " only and does not say why: @InEachWorld(worlds = ..., because = \"...\")");
        }
        if (worlds.size() == Where.values().length && !asked.because().isBlank()) {
            throw new ExtensionConfigurationException(method + " says why it does not run everywhere, and does");
        }
        return worlds;
    }

    /** One run in one world. */
    private record Run(String name, PluginWorld world) implements TestTemplateInvocationContext {
        @Override
        public String getDisplayName(int index) {
            return name;
        }

        @Override
        public List<Extension> getAdditionalExtensions() {
            return List.of(new Inside(world));
        }
    }

    /** Gives the test its world and runs its method, and no other, in there. */
    private record Inside(PluginWorld world) implements ParameterResolver, InvocationInterceptor {
        @Override
        public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
            return parameter.getParameter().getType() == PluginWorld.class;
        }

        @Override
        public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
            return world;
        }

        @Override
        public void interceptTestTemplateMethod(
                Invocation<Void> invocation, ReflectiveInvocationContext<Method> method, ExtensionContext context)
                throws Throwable {
            world.run(invocation::proceed);
        }
    }
}
