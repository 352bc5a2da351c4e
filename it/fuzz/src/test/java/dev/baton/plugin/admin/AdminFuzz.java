package dev.baton.plugin.admin;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import com.code_intelligence.jazzer.api.BugDetectors;
import com.code_intelligence.jazzer.junit.FuzzTest;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/**
 * Whatever method, target and body: the answer is well-formed, none is a 500, and only a POST that is answered 200
 * acts.
 */
class AdminFuzz {
    private static final List<String> METHODS =
            List.of("GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "CONNECT", "get", "X");

    private static FuzzAdmin admin;

    @BeforeAll
    static void start() throws Exception {
        admin = new FuzzAdmin();
    }

    @AfterAll
    static void stop() throws Exception {
        admin.close();
    }

    /** The first byte is the method, then come the target and, behind a line end, the body. */
    @FuzzTest(maxDuration = "2m")
    void anyRequest(byte[] input) throws Exception {
        if (input.length < 2 || input.length > 4096) {
            return;
        }
        // The test is a client of its own server. Told each time: what is allowed lasts for one input.
        BugDetectors.allowNetworkConnections((host, port) -> host.equals("localhost") && port == admin.port());
        String method = METHODS.get((input[0] & 0xff) % METHODS.size());
        String rest = new String(input, 1, input.length - 1, ISO_8859_1).replace('\r', '\n');
        int end = rest.indexOf('\n');
        String target = end < 0 ? rest : rest.substring(0, end);
        if (!target.isEmpty()) {
            admin.ask(method, target, "", end < 0 ? "" : rest.substring(end + 1));
        }
    }
}
