package dev.baton.plugin.http.exchange;

import io.netty.handler.codec.http.HttpMethod;

/** Counts this hop, if the method is one for which hops are counted (RFC 9110, section 7.6.2). */
public final class MaxForwards {
    private MaxForwards() {}

    /**
     * Takes one off the field of a request that has it, or says that the request ends here.
     *
     * @return false if it is not said in one number how many hops there may be
     */
    public static boolean count(Exchange exchange) {
        HttpMethod method = exchange.method();
        if (!method.equals(HttpMethod.TRACE) && !method.equals(HttpMethod.OPTIONS)) {
            return true;
        }
        HeaderFields fields = exchange.fields();
        int field = fields.indexOf(FieldKind.MAX_FORWARDS, 0);
        long hops = BodyLength.parse(fields.value(field));
        if (hops == BodyLength.WRONG || fields.indexOf(FieldKind.MAX_FORWARDS, field + 1) >= 0) {
            return false;
        }
        if (hops == 0) {
            exchange.endHere();
        } else {
            fields.setValue(field, Long.toString(hops - 1));
        }
        return true;
    }
}
