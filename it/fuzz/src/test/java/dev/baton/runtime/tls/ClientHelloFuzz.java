package dev.baton.runtime.tls;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.util.Arrays;

/** Whatever a client of TLS says first: {@link FuzzHello} says what holds. */
class ClientHelloFuzz {
    private static final int BYTES_MAX = 20 * 1024;

    /** The first byte says how long the pieces are. */
    @FuzzTest(maxDuration = "2m")
    void anyBytes(byte[] input) {
        if (input.length == 0 || input.length > BYTES_MAX) {
            return;
        }
        byte[] bytes = Arrays.copyOfRange(input, 1, input.length);
        int piece = 1 + (input[0] & 0xff) * (1 + bytes.length / 1024);
        FuzzHello.parse(bytes, piece);
        FuzzHello.connect(bytes, piece);
    }
}
