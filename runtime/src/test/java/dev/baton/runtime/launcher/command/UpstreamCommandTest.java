package dev.baton.runtime.launcher.command;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;

/** What is wrong with the command line is said before a process is asked. */
class UpstreamCommandTest {
    private static String wrong(String... arguments) {
        StringWriter err = new StringWriter();
        assertThat(Baton.execute(new PrintWriter(new StringWriter()), new PrintWriter(err), arguments))
                .isEqualTo(2);
        return err.toString();
    }

    @Test
    void shouldSayWhatIsWrongWithTheAction() {
        assertThat(wrong("upstream", "app", "drains", "a:1")).contains("did you mean 'drain'?");
        assertThat(wrong("upstream", "app", "weight", "a:1")).contains("Missing required parameter: N");
        assertThat(wrong("upstream", "app", "drain", "a:1", "5")).contains("drain takes no weight");
        assertThat(wrong("upstream", "app", "drain")).contains("SERVER");
        assertThat(wrong("upstream", "app", "weight", "a:1", "much")).contains("much");
    }
}
