package dev.baton.spi.listener;

import dev.baton.spi.threading.AnyThread;
import java.util.concurrent.CompletionStage;

/** What happens on unbind: in which order the fd dies and connections end. */
@FunctionalInterface
public interface UnbindStrategy {

    /** Steers one unbind. Must not wait: it composes the stages that it is given. */
    @AnyThread
    CompletionStage<ListenerResult> unbind(Unbinding unbinding);
}
