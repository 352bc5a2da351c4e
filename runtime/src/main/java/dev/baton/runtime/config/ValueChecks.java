package dev.baton.runtime.config;

import dev.baton.spi.config.Checked;
import dev.baton.spi.config.ValueCheck;
import java.lang.invoke.MethodType;
import java.lang.reflect.Constructor;
import java.lang.reflect.RecordComponent;
import java.util.Arrays;
import java.util.Optional;

/** The checks that components of records name by {@link Checked}. */
final class ValueChecks {
    private ValueChecks() {}

    /** What the check of a component says of a value; empty if it has none. */
    static Optional<String> problem(RecordComponent component, Object value) {
        Checked checked = component.getAnnotation(Checked.class);
        return checked == null ? Optional.empty() : problem(make(checked.value()), value);
    }

    @SuppressWarnings("unchecked") // misuse() is asked first
    private static Optional<String> problem(ValueCheck<?> check, Object value) {
        return ((ValueCheck<Object>) check).problem(value);
    }

    private static ValueCheck<?> make(Class<? extends ValueCheck<?>> type) {
        try {
            Constructor<? extends ValueCheck<?>> constructor = type.getDeclaredConstructor();
            constructor.setAccessible(true);
            return constructor.newInstance();
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("cannot make a " + type.getName(), e);
        }
    }

    /** Why the check that a component names cannot check its values; empty if it can, or there is none. */
    static Optional<String> misuse(RecordComponent component, Class<?> values) {
        Checked checked = component.getAnnotation(Checked.class);
        if (checked == null) {
            return Optional.empty();
        }
        Class<?> boxed = MethodType.methodType(values).wrap().returnType();
        boolean takesIt = Arrays.stream(checked.value().getMethods())
                .filter(method -> method.getName().equals("problem") && method.getParameterCount() == 1)
                .anyMatch(method -> !method.isBridge() && method.getParameterTypes()[0].isAssignableFrom(boxed));
        boolean canBeMade = Arrays.stream(checked.value().getDeclaredConstructors())
                .anyMatch(each -> each.getParameterCount() == 0);
        if (takesIt && canBeMade) {
            return Optional.empty();
        }
        return Optional.of("@Checked names " + checked.value().getSimpleName() + ", "
                + (takesIt
                        ? "which has no constructor without parameters"
                        : "which checks no " + values.getSimpleName()));
    }
}
