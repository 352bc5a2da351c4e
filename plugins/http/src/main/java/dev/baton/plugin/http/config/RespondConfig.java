package dev.baton.plugin.http.config;

import dev.baton.spi.config.Default;
import dev.baton.spi.config.Range;
import dev.baton.spi.config.WrongValueException;
import dev.baton.spi.http.HttpFields;
import io.netty.handler.codec.http.HttpHeaderValidationUtil;
import java.util.Map;

/**
 * A fixed answer.
 *
 * @param status its status
 * @param body its body, sent in UTF-8
 * @param contentType what the body is
 * @param fields other fields
 */
public record RespondConfig(
        @Default("200") @Range(min = "200", max = "599") int status,
        @Default("") String body,
        @Default("text/plain; charset=utf-8") String contentType,
        Map<String, String> fields) {

    /** Checks the fields. */
    public RespondConfig {
        fields.forEach((name, value) -> {
            if (name.isEmpty()
                    || HttpHeaderValidationUtil.validateToken(name) >= 0
                    || HttpHeaderValidationUtil.validateValidHeaderValue(value) >= 0
                    || HttpFields.isServicesOwn(name)) {
                throw new WrongValueException("fields", "'" + name + "' cannot be set to '" + value + "'");
            }
        });
    }
}
