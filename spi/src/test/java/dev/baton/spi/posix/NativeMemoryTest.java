package dev.baton.spi.posix;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteOrder;
import org.junit.jupiter.api.Test;

/** Memory by address: bounds, byte order and what happens after close. */
class NativeMemoryTest {

    @Test
    void shouldBeZeroedAndKeepWhatIsWritten() {
        try (NativeMemory memory = NativeMemory.allocate(32)) {
            assertThat(memory.size()).isEqualTo(32);
            assertThat(memory.address()).isNotZero().matches(address -> address % 8 == 0, "is aligned to 8 bytes");
            for (int i = 0; i < 32; i += 8) {
                assertThat(memory.getLong(i)).isZero();
            }
            memory.putByte(0, (byte) 1);
            memory.putShort(2, (short) -2);
            memory.putInt(4, 0x01020304);
            memory.putLong(12, Long.MIN_VALUE);
            memory.putBytes(20, new byte[] {5, 6, 7});
            byte[] bytes = new byte[3];
            memory.getBytes(20, bytes);
            assertThat(memory.getByte(0)).isEqualTo((byte) 1);
            assertThat(memory.getShort(2)).isEqualTo((short) -2);
            assertThat(memory.getInt(4)).isEqualTo(0x01020304);
            assertThat(memory.getLong(12)).isEqualTo(Long.MIN_VALUE);
            assertThat(bytes).containsExactly(5, 6, 7);
        }
    }

    @Test
    void shouldUseNativeByteOrder() {
        try (NativeMemory memory = NativeMemory.allocate(4)) {
            memory.putInt(0, 1);
            int first = ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN ? 1 : 0;
            assertThat(memory.getByte(0)).isEqualTo((byte) first);
        }
    }

    @Test
    void shouldRefuseAccessOutsideOfTheBlock() {
        try (NativeMemory memory = NativeMemory.allocate(8)) {
            assertThatThrownBy(() -> memory.getInt(5)).isInstanceOf(IndexOutOfBoundsException.class);
            assertThatThrownBy(() -> memory.putLong(-1, 0)).isInstanceOf(IndexOutOfBoundsException.class);
            assertThatThrownBy(() -> memory.putBytes(6, new byte[3])).isInstanceOf(IndexOutOfBoundsException.class);
        }
        assertThatThrownBy(() -> NativeMemory.allocate(0)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void shouldRefuseAccessAfterClose() {
        NativeMemory memory = NativeMemory.allocate(8);
        memory.close();
        memory.close();
        assertThat(memory.size()).isZero();
        assertThatThrownBy(memory::address).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> memory.getByte(0)).isInstanceOf(IndexOutOfBoundsException.class);
    }
}
