package dev.baton.plugin.http;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.baton.plugin.http.Bench.Ends;
import dev.baton.plugin.http.FuzzProxy.Asker;
import java.util.List;

/**
 * Whatever bytes a server sends: the client gets the answer that an independent strict parser sees in them, or
 * something that it can see is none; and only a connection on which nothing more can come is used again.
 */
class AnswerBytesFuzz {
    private static final int BYTES_MAX = 8 * 1024;
    private static final List<Asker> ASKERS = List.of(Asker.GET11, Asker.HEAD11, Asker.GET10, Asker.GET11);

    /** The first byte says who asks and how long the pieces are. */
    @FuzzTest(maxDuration = "2m")
    void anyBytes(byte[] input) {
        if (input.length == 0 || input.length > BYTES_MAX) {
            return;
        }
        int piece = 1 + (input[0] & 0x0f);
        Asker asker = ASKERS.get((input[0] >> 4) & 3);
        Ends ends = input[0] < 0 ? Ends.APART : Ends.TOGETHER;
        String bytes = new String(input, 1, input.length - 1, ISO_8859_1);
        FuzzProxy.answer(bytes, asker, Ends.TOGETHER, left -> left);
        FuzzProxy.answer(bytes, asker, ends, left -> Math.min(left, piece));
    }
}
