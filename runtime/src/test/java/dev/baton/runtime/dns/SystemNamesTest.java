package dev.baton.runtime.dns;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.runtime.upstream.HostLookup;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import org.junit.jupiter.api.Test;

/** The system's resolver, on as many threads as there may be and no more. */
class SystemNamesTest {
    private final Queue<Runnable> threads = new ArrayDeque<>();
    private final SystemNames names = new SystemNames(threads::add);
    private final List<String> told = new ArrayList<>();

    private final HostLookup.Reply reply = new HostLookup.Reply() {
        @Override
        public void found(List<InetAddress> addresses, Duration valid) {
            told.add("found " + addresses.size());
        }

        @Override
        public void failed(String why, boolean noSuchName) {
            told.add("failed");
        }
    };

    @Test
    void anAddressIsFound() {
        names.lookUp("127.0.0.1", reply);
        assertThat(told).isEmpty();
        threads.remove().run();
        assertThat(told).containsExactly("found 1");
    }

    @Test
    void lookupsBeyondTheLimitWaitForAThread() {
        int count = SystemNames.LOOKUPS_MAX + 3;
        for (int i = 0; i < count; i++) {
            names.lookUp("127.0.0.1", reply);
        }
        assertThat(threads).hasSize(SystemNames.LOOKUPS_MAX);
        threads.remove().run();
        assertThat(told).as("the first thread takes what waits as well").hasSize(4);
        threads.forEach(Runnable::run);
        assertThat(told).hasSize(count);
        names.lookUp("127.0.0.1", reply);
        threads.clear();
        assertThat(threads).isEmpty();
    }
}
