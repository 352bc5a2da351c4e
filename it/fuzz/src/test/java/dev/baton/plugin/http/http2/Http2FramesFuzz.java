package dev.baton.plugin.http.http2;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.baton.plugin.http.Bench.Ends;
import dev.baton.plugin.http.http2.FuzzHttp2.Answers;
import java.util.List;

/** Connections whose frames are nearly right, in any order: {@link FuzzHttp2} says what holds. */
class Http2FramesFuzz {
    private static final int BYTES_MAX = 1024;
    private static final List<Answers> ANSWERS = List.of(Answers.values());

    /** The first byte says how long the pieces are and which loops the ends are on, the second what servers do. */
    @FuzzTest(maxDuration = "2m")
    void anyFrames(byte[] input) {
        if (input.length < 3 || input.length > BYTES_MAX) {
            return;
        }
        int piece = 1 + (input[0] & 0x3f) * (input[0] & 0x3f);
        Ends ends = input[0] < 0 ? Ends.APART : Ends.TOGETHER;
        Answers answers = ANSWERS.get((input[1] & 0x7f) % ANSWERS.size());
        FuzzHttp2.play(FuzzFrames.of(input, 2), ends, answers, input[1] < 0, left -> Math.min(left, piece));
    }
}
