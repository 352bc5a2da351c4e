package dev.baton.spi.upstream;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.SocketAddress;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Cookies as a request's header has them (RFC 6265 section 4.2.1). */
class RequestFactsTest {

    private static @Nullable String cookie(@Nullable String field, String name) {
        return new RequestFacts() {
            @Override
            public @Nullable SocketAddress clientAddress() {
                return null;
            }

            @Override
            public @Nullable String field(String asked) {
                return asked.equals("cookie") ? field : null;
            }
        }.cookie(name);
    }

    @Test
    void findsACookieAmongOthers() {
        String field = "a=1; sid=31d4; lang=en-US";
        assertThat(cookie(field, "a")).isEqualTo("1");
        assertThat(cookie(field, "sid")).isEqualTo("31d4");
        assertThat(cookie(field, "lang")).isEqualTo("en-US");
    }

    @Test
    void findsNoneThatIsNotThere() {
        assertThat(cookie(null, "sid")).isNull();
        assertThat(cookie("", "sid")).isNull();
        assertThat(cookie("asid=1; sid2=2; x=sid=3", "sid")).isNull();
        assertThat(cookie("SID=1", "sid")).as("names have case").isNull();
    }

    @Test
    void takesTheFirstAndAValueAsItIs() {
        assertThat(cookie("sid=a=b==; sid=2", "sid")).isEqualTo("a=b==");
        assertThat(cookie("sid=", "sid")).isEmpty();
        assertThat(cookie(" sid = x ;y=1", "sid")).isEqualTo("x");
    }

    @Test
    void passesWhatIsNoPair() {
        assertThat(cookie("; ;;garbage; sid=1;", "sid")).isEqualTo("1");
    }
}
