package dev.baton.it.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.testkit.BatonProcess.Outcome;
import java.io.IOException;
import java.nio.file.Files;

/** The pages of the operator's guide that {@code baton reference} has written. */
final class ReferencePages {
    /** Has the tests write the pages of the checkout anew; see CONTRIBUTING. */
    private static final String WRITE = "reference.write";

    static final String PREFIX = "reference-";

    private ReferencePages() {}

    /** Compares a page with what a command has printed just now. */
    static void check(String path, Outcome printed) throws IOException {
        assertThat(printed.code()).as(printed.text()).isZero();
        String text = printed.text() + "\n";
        if (System.getProperty(WRITE) != null) {
            Files.writeString(Page.checkout().resolve(path), text);
        }
        assertThat(Files.readString(Page.checkout().resolve(path)))
                .as(
                        "%s is what the code says; to write it anew, run the test with -D%s, as CONTRIBUTING.md says",
                        path, WRITE)
                .isEqualTo(text);
    }
}
