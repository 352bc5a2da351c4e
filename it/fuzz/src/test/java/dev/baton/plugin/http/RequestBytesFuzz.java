package dev.baton.plugin.http;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.baton.plugin.http.Bench.Ends;
import dev.baton.plugin.http.FuzzProxy.Requests;

/**
 * Whatever bytes a client sends: what servers get is the same sequence of requests that an independent strict parser
 * sees in those bytes, or the beginning of it and then a refusal; wherever the bytes were cut and whichever loops the
 * ends are on.
 */
class RequestBytesFuzz {
    private static final int BYTES_MAX = 8 * 1024;

    /** The first byte says how long the pieces are. */
    @FuzzTest(maxDuration = "2m")
    void anyBytes(byte[] input) {
        if (input.length == 0 || input.length > BYTES_MAX) {
            return;
        }
        int piece = 1 + (input[0] & 0x3f);
        Ends ends = input[0] < 0 ? Ends.APART : Ends.TOGETHER;
        String bytes = new String(input, 1, input.length - 1, ISO_8859_1);
        Requests atOnce = FuzzProxy.requests(bytes, Ends.TOGETHER, left -> left);
        Requests inPieces = FuzzProxy.requests(bytes, ends, left -> Math.min(left, piece));
        assertThat(inPieces).as("pieces of %d of\n%s", piece, bytes).isEqualTo(atOnce);
    }
}
