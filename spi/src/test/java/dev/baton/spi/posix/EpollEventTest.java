package dev.baton.spi.posix;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** The layout of epoll_event by machine; that the kernel agrees is shown by the runtime's tests of epoll. */
class EpollEventTest {

    @Test
    void shouldBePackedOnX86AndNowhereElse() {
        assertThat(EpollEvent.isPacked("amd64")).isTrue();
        assertThat(EpollEvent.isPacked("x86_64")).isTrue();
        assertThat(EpollEvent.isPacked("aarch64")).isFalse();
        assertThat(EpollEvent.isPacked("riscv64")).isFalse();
        assertThat(EpollEvent.SIZE).isEqualTo(EpollEvent.DATA_OFFSET + Long.BYTES);
    }
}
