package dev.baton.plugin.admin.access;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TokenFileTest {
    private static final String TOKEN = "0123456789abcdef";
    /** Of that token. */
    private static final String DIGEST = "9f9f5111f7b27a781f1f1ddde5ebc2dd2b796bfc7365c9c28b548e564176929f";

    @TempDir
    Path folder;

    private Path file = Path.of("");

    @BeforeEach
    void make() {
        file = folder.resolve("tokens");
    }

    private void write(String text) throws IOException {
        Files.writeString(file, text);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r-----"));
    }

    @Test
    void shouldTellWhoseATokenIs() throws IOException {
        write("# who may ask\n\n  deploy act " + TOKEN + "\nscraper  read  another-token-of-theirs\n");
        TokenFile tokens = new TokenFile(file);
        assertThat(tokens.caller(Secret.of(TOKEN))).isEqualTo(new Caller("deploy", Role.ACT));
        assertThat(tokens.caller(Secret.of("another-token-of-theirs"))).isEqualTo(new Caller("scraper", Role.READ));
        assertThat(tokens.caller(Secret.of(TOKEN + "0"))).isNull();
        assertThat(tokens.caller(Secret.of(""))).isNull();
    }

    @Test
    void shouldTakeADigestForAToken() {
        Map<Secret, Caller> tokens = TokenFile.parse(List.of("deploy act sha256:" + DIGEST));
        assertThat(tokens).containsOnlyKeys(Secret.of(TOKEN));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "deploy act|line 1: expected NAME ROLE TOKEN",
                "deploy act one two|line 1: expected NAME ROLE TOKEN",
                "-deploy act 0123456789abcdef|line 1: expected NAME ROLE TOKEN",
                "deploy write 0123456789abcdef|line 1: the role of deploy must be read or act",
                "deploy act short|line 1: the token of deploy must have 16 to 512 characters",
                "deploy act 0123456789abcdef\u00e9|line 1: the token of deploy must have 16 to 512 characters",
                "deploy act sha256:12|line 1: the digest of deploy must be sha256: and 64 hexadecimal digits",
                "deploy act sha256:xyz|line 1: the digest of deploy must be sha256: and 64 hexadecimal digits",
                "# nothing|it has no token: nobody could ask"
            })
    void shouldSayWhatIsWrongWithoutTellingTheToken(String line, String message) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> TokenFile.parse(List.of(line)))
                .withMessageStartingWith(message);
    }

    @Test
    void shouldRefuseOneTokenForTwo() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> TokenFile.parse(List.of("a act " + TOKEN, "b read " + TOKEN)))
                .withMessage("line 2: b has a token that another line has");
    }

    @Test
    void shouldRefuseAFileThatEverybodyCanRead() throws IOException {
        write("deploy act " + TOKEN);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new TokenFile(file))
                .withMessageContaining("every user can read it, and with it the tokens: chmod o-r " + file);
    }

    @Test
    void shouldReadItAgainWhenItHasChanged() throws IOException {
        write("deploy act " + TOKEN);
        TokenFile tokens = new TokenFile(file);
        write("deploy read " + TOKEN + "\n");
        tokens.look();
        assertThat(tokens.caller(Secret.of(TOKEN))).isEqualTo(new Caller("deploy", Role.READ));
        write("deploy");
        tokens.look();
        assertThat(tokens.caller(Secret.of(TOKEN)))
                .as("what it said before holds")
                .isNotNull();
        write("scraper read another-token-of-theirs");
        tokens.look();
        assertThat(tokens.caller(Secret.of(TOKEN))).isNull();
    }

    @Test
    @Timeout(10)
    void shouldNotWaitForAPipe() throws Exception {
        assertThat(new ProcessBuilder("mkfifo", "-m", "600", file.toString())
                        .start()
                        .waitFor())
                .isZero();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new TokenFile(file))
                .withMessage("tokens: " + file + ": it is no regular file");
    }

    @Test
    void shouldReadNoMoreThanItMay() throws IOException {
        write("deploy act " + TOKEN + "\n" + "#".repeat(1 << 20));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new TokenFile(file))
                .withMessageContaining("it is larger than 1 MiB");
    }

    @Test
    void shouldSayThatThereIsNoFile() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new TokenFile(file))
                .withMessage("tokens: " + file + ": there is no such file");
    }
}
