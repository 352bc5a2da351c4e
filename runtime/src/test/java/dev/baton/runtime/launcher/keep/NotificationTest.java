package dev.baton.runtime.launcher.keep;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class NotificationTest {

    @Test
    void shouldReadWhatAServerSays() {
        Notification serving = new Notification("MAINPID=4711\nREADY=1\nSTATUS=serving");
        assertThat(serving.mainPid()).isEqualTo(4711);
        assertThat(serving.isReady()).isTrue();
        assertThat(serving.isStopping() || serving.stores() || serving.removes())
                .isFalse();
        assertThat(new Notification("STOPPING=1\nSTATUS=draining").isStopping()).isTrue();
        Notification store = new Notification("FDSTORE=1\nFDNAME=baton.12.web");
        assertThat(store.stores()).isTrue();
        assertThat(store.fdName()).isEqualTo("baton.12.web");
        assertThat(new Notification("FDSTOREREMOVE=1\nFDNAME=x\n").removes()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "\n", "=", "=1", "READY", "READY=", "READY=0", "READY=11", "ready=1", "READY =1", "\0"})
    void shouldSayNothingThatWasNotSaid(String text) {
        Notification said = new Notification(text);
        assertThat(said.isReady() || said.isStopping() || said.stores() || said.removes())
                .isFalse();
        assertThat(said.mainPid()).isZero();
        assertThat(said.fdName()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "-1", "1 ", "01", "9999999999", "4711x", "١"})
    void shouldTakeNoPidThatIsNone(String pid) {
        assertThat(new Notification("MAINPID=" + pid).mainPid()).isZero();
    }

    /** It would be parted into two names, or end the environment variable. */
    @ParameterizedTest
    @ValueSource(strings = {"a:b", "a b", "a\0b", "a\tb", "ä"})
    void shouldTakeNoNameThatCannotBePassedOn(String name) {
        assertThat(new Notification("FDNAME=" + name).fdName()).isEmpty();
        assertThat(new Notification("FDNAME=" + "x".repeat(256)).fdName()).isEmpty();
        assertThat(new Notification("FDNAME=" + "x".repeat(255)).fdName()).hasSize(255);
    }
}
