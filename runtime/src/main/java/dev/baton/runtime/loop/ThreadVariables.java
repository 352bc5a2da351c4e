package dev.baton.runtime.loop;

import io.netty.util.concurrent.FastThreadLocal;
import io.netty.util.internal.InternalThreadLocalMap;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * What Netty keeps for a thread: values of {@link FastThreadLocal}s, and how messages are matched to the handlers that
 * extend its generic ones. A loop's thread lives longer than a plugin, and Netty forgets nothing before the thread
 * ends. So the runtime takes out what is of a plugin's code, when nothing runs that code any longer.
 */
public final class ThreadVariables {
    private ThreadVariables() {}

    /** Removes what the calling thread keeps of a class loader's code. */
    public static void forget(ClassLoader code) {
        InternalThreadLocalMap kept = InternalThreadLocalMap.getIfSet();
        if (kept == null) {
            return;
        }
        Object all = kept.indexedVariable(InternalThreadLocalMap.VARIABLES_TO_REMOVE_INDEX);
        if (all instanceof Set<?> variables) {
            List<FastThreadLocal<?>> gone = new ArrayList<>();
            for (Object each : variables) {
                if (each instanceof FastThreadLocal<?> variable && isOf(variable, code)) {
                    gone.add(variable);
                }
            }
            gone.forEach(FastThreadLocal::remove);
        }
        kept.typeParameterMatcherGetCache().keySet().removeIf(each -> each.getClassLoader() == code);
        kept.typeParameterMatcherFindCache().keySet().removeIf(each -> each.getClassLoader() == code);
    }

    /** The variable is declared there, as a class of its own, or holds something that is. */
    private static boolean isOf(FastThreadLocal<?> variable, ClassLoader code) {
        if (variable.getClass().getClassLoader() == code) {
            return true;
        }
        Object value = variable.getIfExists();
        return value != null && value.getClass().getClassLoader() == code;
    }
}
