package dev.baton.suites;

import org.junit.platform.engine.FilterResult;
import org.junit.platform.engine.TestDescriptor;
import org.junit.platform.engine.support.descriptor.MethodSource;
import org.junit.platform.launcher.PostDiscoveryFilter;

/** Leaves out what {@code left-out.txt} says, in every suite. Found by the service loader. */
public final class LeftOutFilter implements PostDiscoveryFilter {

    @Override
    public FilterResult apply(TestDescriptor test) {
        return test.getSource()
                .filter(MethodSource.class::isInstance)
                .map(MethodSource.class::cast)
                .flatMap(source -> LeftOut.of(source.getClassName(), source.getMethodName()))
                .map(entry -> FilterResult.excluded(entry.reason()))
                .orElseGet(() -> FilterResult.included("not left out"));
    }
}
