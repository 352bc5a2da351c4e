package dev.baton.plugin.http.exchange;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.spi.http.HttpFields;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the service does with a field, and what it lets filters do with it. */
class FieldKindTest {
    private static final Set<FieldKind> OWN = EnumSet.of(
            FieldKind.HOST,
            FieldKind.CONTENT_LENGTH,
            FieldKind.TRANSFER_ENCODING,
            FieldKind.CONNECTION,
            FieldKind.EXPECT,
            FieldKind.TE,
            FieldKind.UPGRADE,
            FieldKind.HOP_BY_HOP,
            FieldKind.FRAMING_LOOKALIKE,
            FieldKind.LOOKALIKE);

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Host",
                "Content-Length",
                "Content_Length",
                "Transfer-Encoding",
                "Transfer_Encoding",
                "Connection",
                "Expect",
                "TE",
                "Upgrade",
                "Keep-Alive",
                "Keep_Alive",
                "Close",
                "Proxy",
                "Proxy-Connection",
                "Proxy_Connection",
                "Proxy-Authenticate",
                "Proxy-Authorization",
                "Proxy-Authentication-Info",
                "HTTP2-Settings",
                "HTTP2_Settings",
                "Max_Forwards",
                "X_Forwarded_For",
                "X-Forwarded_Host",
                "X_Forwarded_Proto",
                "Date",
                "Max-Forwards",
                "X-Forwarded-For",
                "X-Forwarded-Port",
                "Forwarded",
                "Accept",
                "Content-Type",
                "Content_Type",
                "X-Y"
            })
    void filtersCannotChangeWhatEndsAtThisHop(String name) {
        for (String written : List.of(name, name.toLowerCase(Locale.ROOT), name.toUpperCase(Locale.ROOT))) {
            assertThat(HttpFields.isServicesOwn(written)).as(written).isEqualTo(OWN.contains(FieldKind.of(written)));
        }
    }
}
