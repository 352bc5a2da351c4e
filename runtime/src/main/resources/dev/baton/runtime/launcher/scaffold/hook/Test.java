package __package__;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.spi.fd.ClosedBy;
import dev.baton.spi.fd.Fd;
import dev.baton.spi.fd.FdHook;
import dev.baton.spi.fd.FdInfo;
import dev.baton.spi.fd.FdKind;
import dev.baton.testkit.FdHookContract;
import org.junit.jupiter.api.Test;

/** The hook alone; the contract has the rules that every hook keeps. */
class __Name__Test extends FdHookContract {

    @Override
    protected FdHook hook() {
        return new __Name__Hook();
    }

    @Test
    void shouldCountWhatIsOpen() {
        __Name__Hook hook = new __Name__Hook();
        FdInfo fd = new FdInfo(new Fd(7, 0), FdKind.UPSTREAM, "test");
        hook.inserted(fd);
        assertThat(hook.open(FdKind.UPSTREAM)).isOne();
        hook.closed(fd, ClosedBy.LEAVER);
        assertThat(hook.open(FdKind.UPSTREAM)).isZero();
    }
}
