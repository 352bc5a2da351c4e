package dev.baton.plugin.tcplistener;

import dev.baton.spi.posix.NativeMemory;
import dev.baton.spi.posix.SocketCalls;
import dev.baton.spi.posix.SocketOptions;

/**
 * A filter of the kernel's classic kind on a listening socket, which drops every packet that has SYN set and lets
 * everything else through. The kernel runs it on packets for the listener and for its handshakes, not for connections.
 *
 * <pre>
 * ldb  [13]            the flags of the TCP header, where a filter on a TCP socket begins
 * jset #0x02, 0, 1     SYN
 * ret  #0              drop
 * ret  #0xffffffff     pass
 * </pre>
 */
final class SynFilter {
    private static final int INSTRUCTIONS = 4;
    /** struct sock_filter { u16 code; u8 jt; u8 jf; u32 k; }. */
    private static final int INSTRUCTION_SIZE = 8;
    /** struct sock_fprog { unsigned short len; struct sock_filter *filter; }, the pointer aligned to 8. */
    private static final int PROGRAM_SIZE = 16;

    private static final int POINTER = 8;

    private static final int LOAD_BYTE = 0x30;
    private static final int JUMP_IF_SET = 0x45;
    private static final int RETURN = 0x06;
    private static final int FLAGS_OFFSET = 13;
    private static final int SYN = 0x02;

    private SynFilter() {}

    /** Attaches it; 0, or minus the error number. */
    static int attach(int number, SocketCalls calls) {
        try (NativeMemory memory = NativeMemory.allocate(PROGRAM_SIZE + INSTRUCTIONS * INSTRUCTION_SIZE)) {
            memory.putShort(0, (short) INSTRUCTIONS);
            memory.putLong(POINTER, memory.address() + PROGRAM_SIZE);
            instruction(memory, 0, LOAD_BYTE, 0, FLAGS_OFFSET);
            instruction(memory, 1, JUMP_IF_SET, 1, SYN);
            instruction(memory, 2, RETURN, 0, 0);
            instruction(memory, 3, RETURN, 0, -1);
            return calls.setOption(
                    number, SocketOptions.SOL_SOCKET, SocketOptions.SO_ATTACH_FILTER, memory.address(), PROGRAM_SIZE);
        }
    }

    private static void instruction(NativeMemory memory, int index, int code, int ifNot, int operand) {
        int at = PROGRAM_SIZE + index * INSTRUCTION_SIZE;
        memory.putShort(at, (short) code);
        memory.putByte(at + 2, (byte) 0);
        memory.putByte(at + 3, (byte) ifNot);
        memory.putInt(at + 4, operand);
    }
}
