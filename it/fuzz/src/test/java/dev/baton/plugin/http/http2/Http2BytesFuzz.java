package dev.baton.plugin.http.http2;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.baton.plugin.http.Bench.Ends;
import dev.baton.plugin.http.http2.FuzzHttp2.Answers;

/** Whatever bytes follow the preface of a connection: {@link FuzzHttp2} says what holds. */
class Http2BytesFuzz {
    private static final int BYTES_MAX = 4 * 1024;

    /** The first byte says how long the pieces are and which loops the ends are on. */
    @FuzzTest(maxDuration = "2m")
    void anyBytes(byte[] input) {
        if (input.length == 0 || input.length > BYTES_MAX) {
            return;
        }
        int piece = 1 + (input[0] & 0x3f) * 4;
        Ends ends = input[0] < 0 ? Ends.APART : Ends.TOGETHER;
        String bytes = Http2Client.preface() + new String(input, 1, input.length - 1, ISO_8859_1);
        FuzzHttp2.play(bytes, ends, Answers.WHOLE, false, left -> Math.min(left, piece));
    }
}
