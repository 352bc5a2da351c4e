package dev.baton.runtime.tls;

import dev.baton.spi.tls.CipherSuite;
import dev.baton.spi.tls.TlsVersion;
import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a client says first, as far as a certificate is chosen by it (RFC 8446, section 4.1.2, and RFC 6066, section 3).
 *
 * @param serverName the name that it asks for, in lower case; null if it asks for none
 * @param tls13 it speaks TLS 1.3
 * @param verifiesEc it can verify what is signed with an EC key
 * @param ecSuites the suites of TLS 1.2 for certificates with EC keys that it offers
 * @param alpn the protocols that it offers (RFC 7301)
 */
record ClientHello(
        @Nullable String serverName, boolean tls13, boolean verifiesEc, Set<CipherSuite> ecSuites, List<String> alpn) {
    /** With a post-quantum key share and a resumed session it has 3 KiB; nothing makes it longer than this. */
    static final int BYTES_MAX = 16 * 1024;

    private static final int RECORD_HEADER_BYTES = 5;
    private static final int MESSAGE_HEADER_BYTES = 4;
    private static final int RECORD_BYTES_MAX = 16 * 1024;
    private static final int HANDSHAKE = 22;
    private static final int MAJOR = 3;
    private static final int CLIENT_HELLO = 1;
    private static final int VERSION_AND_RANDOM_BYTES = 34;

    private static final int SERVER_NAME = 0;
    private static final int SIGNATURE_ALGORITHMS = 13;
    private static final int ALPN = 16;
    private static final int SUPPORTED_VERSIONS = 43;

    private static final int TLS_1_3 = 0x0304;
    /** The low byte of each signature scheme with ECDSA (RFC 8446, section 4.2.3). */
    private static final int ECDSA = 3;

    private static final int NAME_CHARS_MAX = 255;

    /**
     * Whether a certificate with an EC key can be used: by TLS 1.3, or by a suite of TLS 1.2 that both have.
     *
     * @param versions those that the server speaks
     * @param suites those of TLS 1.2 that the server takes
     */
    boolean takesEc(Set<TlsVersion> versions, Set<CipherSuite> suites) {
        boolean by13 = tls13 && versions.contains(TlsVersion.TLS_1_3);
        boolean by12 = versions.contains(TlsVersion.TLS_1_2) && !Collections.disjoint(ecSuites, suites);
        return verifiesEc && (by13 || by12);
    }

    /** What has come is no ClientHello. */
    static final class MalformedException extends Exception {
        private static final long serialVersionUID = 1;

        private final TlsFailure failure;

        MalformedException(TlsFailure failure, String message) {
            super(message, null, false, false);
            this.failure = failure;
        }

        TlsFailure failure() {
            return failure;
        }
    }

    /**
     * Looks for a ClientHello at the reader index, which it leaves where it is.
     *
     * @return null if it is not complete yet
     * @throws MalformedException as soon as what is there cannot become one
     */
    static @Nullable ClientHello parse(ByteBuf in) throws MalformedException {
        ByteBuf message = message(in);
        if (message == null) {
            return null;
        }
        try {
            return read(message);
        } catch (IndexOutOfBoundsException e) {
            throw malformed("its fields are longer than itself");
        } finally {
            message.release();
        }
    }

    private static MalformedException malformed(String message) {
        return new MalformedException(TlsFailure.CLIENT_HELLO_MALFORMED, message);
    }

    /**
     * The message out of its records, of which there may be several (RFC 8446, section 5.1); the caller releases it.
     */
    private static @Nullable ByteBuf message(ByteBuf in) throws MalformedException {
        int at = in.readerIndex();
        int end = in.writerIndex();
        ByteBuf message = null;
        boolean complete = false;
        try {
            while (end - at >= 1) {
                if (in.getUnsignedByte(at) != HANDSHAKE || (end - at >= 2 && in.getUnsignedByte(at + 1) != MAJOR)) {
                    if (at == in.readerIndex()) {
                        throw new MalformedException(TlsFailure.NOT_TLS, "what it sends is no TLS");
                    }
                    throw malformed("it is mixed with something else");
                }
                if (end - at < RECORD_HEADER_BYTES) {
                    break;
                }
                int length = in.getUnsignedShort(at + 3);
                if (length == 0 || length > RECORD_BYTES_MAX) {
                    throw malformed("it has a record of " + length + " bytes");
                }
                int there = Math.min(length, end - at - RECORD_HEADER_BYTES);
                if (message == null) {
                    message = in.alloc().heapBuffer(length);
                }
                message.writeBytes(in, at + RECORD_HEADER_BYTES, there);
                int wanted = wanted(message);
                if (wanted >= 0 && message.readableBytes() >= wanted) {
                    complete = true;
                    return message.setIndex(MESSAGE_HEADER_BYTES, wanted);
                }
                if (there < length) {
                    break;
                }
                at += RECORD_HEADER_BYTES + length;
            }
            if (end - in.readerIndex() > BYTES_MAX) {
                throw new MalformedException(TlsFailure.CLIENT_HELLO_TOO_LONG, "its ClientHello is too long");
            }
            return null;
        } finally {
            if (message != null && !complete) {
                message.release();
            }
        }
    }

    /** How many bytes the message has in the end, its header included; -1 if that is not there yet. */
    private static int wanted(ByteBuf message) throws MalformedException {
        if (message.readableBytes() >= 1 && message.getUnsignedByte(0) != CLIENT_HELLO) {
            throw malformed("it begins with another message");
        }
        if (message.readableBytes() < MESSAGE_HEADER_BYTES) {
            return -1;
        }
        int length = MESSAGE_HEADER_BYTES + message.getUnsignedMedium(1);
        if (length > BYTES_MAX) {
            throw new MalformedException(
                    TlsFailure.CLIENT_HELLO_TOO_LONG, "its ClientHello of " + length + " bytes is too long");
        }
        return length;
    }

    private static ClientHello read(ByteBuf in) throws MalformedException {
        in.skipBytes(VERSION_AND_RANDOM_BYTES);
        in.skipBytes(in.readUnsignedByte()); // the session
        Set<CipherSuite> ecSuites = EnumSet.noneOf(CipherSuite.class);
        ByteBuf suites = in.readSlice(in.readUnsignedShort());
        while (suites.isReadable()) {
            CipherSuite suite = withEcdsa(suites.readUnsignedShort());
            if (suite != null) {
                ecSuites.add(suite);
            }
        }
        in.skipBytes(in.readUnsignedByte()); // compression
        String name = null;
        boolean ecSignature = false;
        boolean tls13 = false;
        List<String> alpn = List.of();
        ByteBuf extensions = in.isReadable() ? in.readSlice(in.readUnsignedShort()) : in;
        while (extensions.isReadable()) {
            int type = extensions.readUnsignedShort();
            ByteBuf content = extensions.readSlice(extensions.readUnsignedShort());
            switch (type) {
                case SERVER_NAME -> name = serverName(content);
                case SIGNATURE_ALGORITHMS -> {
                    ByteBuf schemes = content.readSlice(content.readUnsignedShort());
                    while (schemes.isReadable()) {
                        int scheme = schemes.readUnsignedShort();
                        ecSignature |= (scheme & 0xff) == ECDSA && scheme >> 8 <= 6;
                    }
                }
                case SUPPORTED_VERSIONS -> {
                    ByteBuf versions = content.readSlice(content.readUnsignedByte());
                    while (versions.isReadable()) {
                        tls13 |= versions.readUnsignedShort() == TLS_1_3;
                    }
                }
                case ALPN -> alpn = protocols(content.readSlice(content.readUnsignedShort()));
                default -> {} // not needed here
            }
        }
        return new ClientHello(name, tls13, ecSignature, ecSuites, alpn);
    }

    /** By its number (IANA's registry); null for one that cannot be chosen, or is for other certificates. */
    private static @Nullable CipherSuite withEcdsa(int suite) {
        return switch (suite) {
            case 0xc009 -> CipherSuite.ECDHE_ECDSA_AES_128_CBC;
            case 0xc00a -> CipherSuite.ECDHE_ECDSA_AES_256_CBC;
            case 0xc02b -> CipherSuite.ECDHE_ECDSA_AES_128_GCM;
            case 0xc02c -> CipherSuite.ECDHE_ECDSA_AES_256_GCM;
            case 0xcca9 -> CipherSuite.ECDHE_ECDSA_CHACHA20;
            default -> null;
        };
    }

    private static @Nullable String serverName(ByteBuf content) throws MalformedException {
        if (!content.isReadable()) {
            return null;
        }
        ByteBuf names = content.readSlice(content.readUnsignedShort());
        while (names.isReadable()) {
            int type = names.readUnsignedByte();
            String name = names.readCharSequence(names.readUnsignedShort(), StandardCharsets.US_ASCII)
                    .toString();
            if (type == 0) {
                if (!isName(name)) {
                    throw malformed("it asks for what is no name");
                }
                return name.toLowerCase(Locale.ROOT);
            }
        }
        return null;
    }

    /** Letters, digits, and what stands between them: nothing that could confuse a log or a header. */
    private static boolean isName(String name) {
        if (name.isEmpty() || name.length() > NAME_CHARS_MAX) {
            return false;
        }
        for (int i = 0; i < name.length(); i++) {
            char c = name.charAt(i);
            boolean letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
            boolean digit = c >= '0' && c <= '9';
            if (!letter && !digit && "-_.:".indexOf(c) < 0) {
                return false;
            }
        }
        return true;
    }

    private static List<String> protocols(ByteBuf list) {
        List<String> protocols = new ArrayList<>();
        while (list.isReadable()) {
            protocols.add(list.readCharSequence(list.readUnsignedByte(), StandardCharsets.ISO_8859_1)
                    .toString());
        }
        return protocols;
    }
}
