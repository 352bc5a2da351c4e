package dev.baton.it.architecture;

import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaCodeUnit;
import com.tngtech.archunit.core.domain.JavaMethod;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Follows every call from a method through the code of Baton, and through each implementation of an interface of
 * Baton's, and complains about what waits: a lock, a monitor, a park, a sleep, a future.
 */
final class NotReach extends ArchCondition<JavaMethod> {

    private static final Set<String> WAITING_CALLS = Set.of(
            "java.lang.Object.wait",
            "java.lang.Thread.join",
            "java.lang.Thread.onSpinWait",
            "java.lang.Thread.sleep",
            "java.lang.Thread.yield");

    private static final Set<String> WAITING_VERBS = Set.of(
            "acquire",
            "acquireUninterruptibly",
            "arriveAndAwaitAdvance",
            "await",
            "awaitAdvance",
            "awaitTermination",
            "awaitUninterruptibly",
            "exchange",
            "get",
            "invokeAll",
            "invokeAny",
            "join",
            "lock",
            "lockInterruptibly",
            "put",
            "readLock",
            "sync",
            "syncUninterruptibly",
            "take",
            "writeLock");

    private NotReach() {
        super("not reach anything that waits");
    }

    static NotReach anythingThatWaits() {
        return new NotReach();
    }

    @Override
    public void check(JavaMethod root, ConditionEvents events) {
        Map<JavaCodeUnit, @Nullable JavaCodeUnit> callers = new LinkedHashMap<>();
        Deque<JavaCodeUnit> next = new ArrayDeque<>();
        callers.put(root, null);
        next.add(root);
        while (!next.isEmpty()) {
            JavaCodeUnit unit = next.remove();
            if (unit.getModifiers().contains(JavaModifier.SYNCHRONIZED) || Monitors.entersOne(unit)) {
                events.add(SimpleConditionEvent.violated(root, path(unit, callers) + " enters a monitor"));
            }
            for (JavaAccess<?> access : unit.getAccessesFromSelf()) {
                if (waits(access)) {
                    events.add(SimpleConditionEvent.violated(
                            root,
                            path(unit, callers) + " calls " + access.getTarget().getFullName()));
                }
                for (JavaCodeUnit target : targets(access)) {
                    if (target != root && callers.putIfAbsent(target, unit) == null) {
                        next.add(target);
                    }
                }
            }
        }
    }

    private static boolean waits(JavaAccess<?> access) {
        JavaClass owner = access.getTargetOwner();
        String name = access.getTarget().getName();
        String call = owner.getName() + "." + name;
        if (WAITING_CALLS.contains(call) || call.startsWith("java.util.concurrent.locks.LockSupport.park")) {
            return true;
        }
        return WAITING_VERBS.contains(name) && coordinatesThreads(owner);
    }

    /** Atomics and plain maps have a harmless get and put; futures, locks, latches and blocking queues have not. */
    private static boolean coordinatesThreads(JavaClass owner) {
        String type = owner.getName();
        if (type.startsWith("io.netty.")) {
            return type.endsWith("Future") || type.endsWith("Promise");
        }
        return type.startsWith("java.util.concurrent.")
                && !type.startsWith("java.util.concurrent.atomic.")
                && !type.startsWith("java.util.concurrent.Concurrent")
                && !type.startsWith("java.util.concurrent.CopyOnWrite");
    }

    /** What an access may run: the code unit itself and everything that overrides it, as far as it is Baton's. */
    private static List<JavaCodeUnit> targets(JavaAccess<?> access) {
        List<JavaCodeUnit> found = new ArrayList<>();
        access.getTarget().resolveMember().ifPresent(member -> {
            if (member instanceof JavaCodeUnit unit && ofBaton(unit.getOwner())) {
                found.add(unit);
                String[] parameters = unit.getRawParameterTypes().stream()
                        .map(JavaClass::getName)
                        .toArray(String[]::new);
                for (JavaClass subclass : unit.getOwner().getAllSubclasses()) {
                    subclass.tryGetMethod(unit.getName(), parameters)
                            .filter(override -> ofBaton(override.getOwner()))
                            .ifPresent(found::add);
                }
            }
        });
        return found;
    }

    /**
     * Without what waits on purpose: the simulation's kernel, which stops its callers, and the plugin that rehearses
     * faults.
     */
    private static boolean ofBaton(JavaClass owner) {
        String name = owner.getPackageName() + ".";
        return name.startsWith("dev.baton.")
                && !name.startsWith("dev.baton.testkit.")
                && !name.startsWith("dev.baton.plugin.chaos.");
    }

    private static String path(JavaCodeUnit unit, Map<JavaCodeUnit, @Nullable JavaCodeUnit> callers) {
        StringBuilder path = new StringBuilder(name(unit));
        JavaCodeUnit caller = callers.get(unit);
        while (caller != null) {
            path.insert(0, name(caller) + " -> ");
            caller = callers.get(caller);
        }
        return path.toString();
    }

    private static String name(JavaCodeUnit unit) {
        return unit.getOwner().getSimpleName() + "." + unit.getName();
    }
}
