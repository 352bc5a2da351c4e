package dev.baton.testkit;

import static org.junit.platform.engine.discovery.DiscoverySelectors.selectMethod;

import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/** Runs one test of a contract by itself: how a contract shows that it sees what is wrong. */
public final class ContractRun {

    private ContractRun() {}

    /**
     * Runs one test of a class, once for each of its parameters if it has some.
     *
     * @param contract a subclass of a contract; nested in a test, so that the build does not run it as a test of its
     *     own
     * @param test the name of the test's method
     * @param configuration JUnit's configuration parameters for the run
     * @return why it failed, the first failure of several; empty if it did not
     * @throws IllegalStateException if there is no such test
     */
    public static Optional<Throwable> run(Class<?> contract, String test, Map<String, String> configuration) {
        return each(contract, test, configuration).values().stream()
                .flatMap(result -> result.getThrowable().stream())
                .findFirst();
    }

    /**
     * Runs one test of a class, once for each of its parameters or worlds.
     *
     * @param contract as above
     * @param test the name of the test's method
     * @param configuration JUnit's configuration parameters for the run
     * @return how each run ended, by its display name, in the order of their ends
     * @throws IllegalStateException if there is no such test
     */
    public static Map<String, TestExecutionResult> each(
            Class<?> contract, String test, Map<String, String> configuration) {
        LauncherDiscoveryRequest request = LauncherDiscoveryRequestBuilder.request()
                .selectors(selectMethod(contract, method(contract, test)))
                .configurationParameters(configuration)
                .build();
        Map<String, TestExecutionResult> results = Collections.synchronizedMap(new LinkedHashMap<>());
        LauncherFactory.create().execute(request, new TestExecutionListener() {
            @Override
            public void executionFinished(TestIdentifier identifier, TestExecutionResult result) {
                if (identifier.isTest()) {
                    results.put(identifier.getDisplayName(), result);
                } else if (result.getStatus() != TestExecutionResult.Status.SUCCESSFUL) {
                    results.put(identifier.getDisplayName(), result); // there was no run of it at all
                }
            }
        });
        if (results.isEmpty()) {
            throw new IllegalStateException("no test " + test + " of " + contract + " was run");
        }
        return results;
    }

    private static Method method(Class<?> contract, String test) {
        for (Class<?> each = contract; each != null; each = each.getSuperclass()) {
            Optional<Method> found = Arrays.stream(each.getDeclaredMethods())
                    .filter(method -> method.getName().equals(test))
                    .findFirst();
            if (found.isPresent()) {
                return found.get();
            }
        }
        return Arrays.stream(contract.getMethods())
                .filter(method -> method.getName().equals(test))
                .findFirst()
                .orElseThrow(() -> new IllegalStateException("no test " + test + " in " + contract));
    }
}
