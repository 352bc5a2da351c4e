package dev.baton.lincheck;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.reflect.Method;
import java.lang.reflect.Parameter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jetbrains.kotlinx.lincheck.Actor;
import org.jetbrains.kotlinx.lincheck.execution.ExecutionResult;
import org.jetbrains.kotlinx.lincheck.execution.ExecutionScenario;
import org.jetbrains.lincheck.LincheckAssertionError;
import org.jetbrains.lincheck.NoExceptionVerifier;
import org.jetbrains.lincheck.datastructures.ManagedStrategyGuaranteeKt;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Param;
import org.jetbrains.lincheck.datastructures.ThreadIdGen;
import org.jetbrains.lincheck.datastructures.Validate;
import org.jetbrains.lincheck.datastructures.verifier.Verifier;

/**
 * How the tests of this module run Lincheck: scenarios that were written for a race, and at random as many more as the
 * build says (the properties {@code lincheck.iterations} and {@code lincheck.invocations}). Both the interleavings and
 * the random scenarios are the same in each run.
 *
 * <p>A scenario is written {@code "enter 0, leave 0 | delete 0"}: threads, their operations, and the arguments of these
 * but for the thread's own number, which counts from 1.
 */
public final class Interleavings {
    private static final int ITERATIONS = Integer.getInteger("lincheck.iterations", 3);
    private static final int INVOCATIONS = Integer.getInteger("lincheck.invocations", 150);

    /** Any answer will do, but none may be an exception. Made by Lincheck, for the class under test. */
    public static final class NothingThrown implements Verifier {
        private final Verifier verifier = new NoExceptionVerifier();

        public NothingThrown(@SuppressWarnings("unused") Class<?> world) {}

        @Override
        public boolean verifyResults(ExecutionScenario scenario, ExecutionResult results) {
            return verifier.verifyResults(scenario, results);
        }
    }

    private final Class<?> world;
    private final ModelCheckingOptions options;

    private Interleavings(Class<?> world) {
        this.world = world;
        options = new ModelCheckingOptions()
                .iterations(0)
                .invocationsPerIteration(INVOCATIONS)
                .minimizeFailedScenario(false)
                // Counters, the flight recorder and the oracle: they change nothing, and would be most of what is
                // interleaved.
                .addGuarantee(ManagedStrategyGuaranteeKt.forClasses(
                                "dev.baton.runtime.fd.FdObservers", Oracle.class.getName())
                        .allMethods()
                        .ignore());
    }

    /**
     * The operations of a class whose answers a specification explains.
     *
     * @param specification the same operations, for one thread
     */
    public static Interleavings of(Class<?> world, Class<?> specification) {
        Interleavings interleavings = new Interleavings(world);
        interleavings.options.sequentialSpecification(specification);
        return interleavings;
    }

    /** The operations of a class that checks itself, by what they throw and when all is quiet. */
    public static Interleavings ofSelfChecking(Class<?> world) {
        Interleavings interleavings = new Interleavings(world);
        interleavings.options.verifier(NothingThrown.class);
        return interleavings;
    }

    /** Runs these scenarios. */
    public Interleavings scenarios(String... texts) {
        for (String text : texts) {
            options.addCustomScenario(scenario(text));
        }
        return this;
    }

    /** Runs scenarios of this shape at random. */
    public Interleavings random(int threads, int operations) {
        options.iterations(ITERATIONS)
                .threads(threads)
                .actorsPerThread(operations)
                .actorsBefore(0)
                .actorsAfter(0);
        return this;
    }

    /** Passes if Lincheck finds no error. */
    public void mustPass() {
        options.check(world);
    }

    /** Passes if Lincheck finds an error. */
    public void mustFail(Object error) {
        assertThatThrownBy(this::mustPass)
                .as("Lincheck does not find the planted error " + error)
                .isInstanceOf(LincheckAssertionError.class)
                // An error of Lincheck's own, or of the test, is none of those that were planted.
                .message()
                .doesNotContain("bug in Lincheck");
    }

    private ExecutionScenario scenario(String text) {
        List<List<Actor>> threads = new ArrayList<>();
        for (String thread : text.split("\\|", -1)) {
            List<Actor> actors = new ArrayList<>();
            for (String operation : thread.split(",", -1)) {
                actors.add(actor(threads.size() + 1, operation.trim().split(" +", -1)));
            }
            threads.add(actors);
        }
        return new ExecutionScenario(List.of(), threads, List.of(), validation());
    }

    private Actor actor(int thread, String[] words) {
        Method method = method(Operation.class, words[0]);
        List<Object> arguments = new ArrayList<>();
        int next = 1;
        for (Parameter parameter : method.getParameters()) {
            boolean isThread = parameter.getAnnotation(Param.class).gen() == ThreadIdGen.class;
            arguments.add(isThread ? thread : Integer.parseInt(words[next++]));
        }
        return new Actor(method, arguments);
    }

    private Actor validation() {
        return new Actor(method(Validate.class, "quiet"), List.of());
    }

    private Method method(Class<? extends java.lang.annotation.Annotation> kind, String name) {
        return Arrays.stream(world.getMethods())
                .filter(each -> each.isAnnotationPresent(kind) && each.getName().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no operation " + name));
    }
}
