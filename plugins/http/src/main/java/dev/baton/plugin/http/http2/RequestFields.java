package dev.baton.plugin.http.http2;

import org.jspecify.annotations.Nullable;

/** The fields of one request's head or trailers, as a client sends them. */
final class RequestFields extends MessageFields {
    private @Nullable CharSequence method;
    private @Nullable CharSequence scheme;
    private @Nullable CharSequence authority;
    private @Nullable CharSequence path;
    private @Nullable CharSequence protocol;

    @Override
    void addPseudo(CharSequence name, CharSequence value) {
        if (PseudoHeaderName.METHOD.value().contentEquals(name)) {
            method = once(method, value);
        } else if (PseudoHeaderName.SCHEME.value().contentEquals(name)) {
            scheme = once(scheme, value);
        } else if (PseudoHeaderName.AUTHORITY.value().contentEquals(name)) {
            authority = once(authority, value);
        } else if (PseudoHeaderName.PATH.value().contentEquals(name)) {
            path = once(path, value);
        } else if (PseudoHeaderName.PROTOCOL.value().contentEquals(name)) {
            protocol = once(protocol, value);
        } else {
            throw new IllegalArgumentException("an unknown pseudo-field");
        }
    }

    @Nullable
    CharSequence askedMethod() {
        return method;
    }

    @Nullable
    CharSequence askedScheme() {
        return scheme;
    }

    @Nullable
    CharSequence askedAuthority() {
        return authority;
    }

    @Nullable
    CharSequence askedPath() {
        return path;
    }

    @Nullable
    CharSequence askedProtocol() {
        return protocol;
    }
}
