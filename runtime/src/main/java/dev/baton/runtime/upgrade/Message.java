package dev.baton.runtime.upgrade;

import dev.baton.runtime.posix.PassedFds;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/**
 * One packet between the two processes of a handoff: a header of 8 bytes, fields, and perhaps fds.
 *
 * <pre>
 *   0  magic    "BATN"
 *   4  version  of the protocol; another one is refused, not guessed at
 *   5  type
 *   6  fds      how many came with it (2 bytes)
 *   8  fields   in the order in which they are read; {@value #BYTES_MAX} bytes at most, header included
 * </pre>
 *
 * <p>Everything that is read is checked: the other side is another program, perhaps of another version, perhaps
 * hostile.
 */
public final class Message {
    /** What one packet may have; the fields of the largest are a few names and {@value #FDS_MAX} numbers. */
    static final int BYTES_MAX = 32 * 1024;
    /** Fds of one packet: below the kernel's limit, so that a limit of one less there is no end of the handoff. */
    static final int FDS_MAX = PassedFds.COUNT_MAX - 1;
    /**
     * Raised with every change that the other side cannot do without. Fields that are added at the end of a message are
     * no such change: a reader that does not know them ignores them, and one that misses them ({@link #hasMore}) does
     * without.
     */
    static final int VERSION = 1;

    static final int MAGIC = 0x4241544e;
    static final int HEADER_BYTES = 8;
    /** Names and addresses: far more than any has. */
    private static final int TEXT_CHARS_MAX = 1024;
    /** Texts of one message, where there may be many: together they stay below {@link #BYTES_MAX}. */
    static final int TEXTS_MAX = 32;

    private static final int LISTED_CHARS_MAX = 300;
    /** Of a listener's configuration as an operator wrote it; leaves room for everything else in a packet. */
    static final int WRITING_BYTES_MAX = 16 * 1024;

    /** Bytes of one of several packets; leaves room for everything else. */
    static final int PART_BYTES_MAX = 24 * 1024;

    /** What a packet says; see the package's table. The codes are part of the protocol. */
    enum Type {
        HELLO('H'),
        LISTENER('L'),
        SERVER('S'),
        UPSTREAM('U'),
        DOWN('O'),
        SOCKETS_END('E'),
        READY('R'),
        GO('G'),
        SERVING('V'),
        RELEASED('D'),
        IDLE('I'),
        PART('B'),
        PARCEL('C'),
        TAKEN('T'),
        RETURNED('W'),
        DROPPED('P'),
        END('X'),
        /** The sender goes no further; one text says why. */
        REFUSED('N');

        private static final Type[] ALL = values();

        private final char code;

        Type(char code) {
            this.code = code;
        }

        private static Type of(int code) throws HandoffException {
            for (Type each : ALL) {
                if (each.code == code) {
                    return each;
                }
            }
            throw new HandoffException("there is no handoff message " + code);
        }
    }

    private final Type type;
    private final int[] fds;
    private final DataInputStream fields;

    private Message(Type type, int[] fds, DataInputStream fields) {
        this.type = type;
        this.fds = fds;
        this.fields = fields;
    }

    /**
     * Takes a packet apart. The fds are the caller's to close if this throws.
     *
     * @throws HandoffException if it is none of this protocol's, or not all of it came
     */
    static Message read(byte[] packet, PassedFds passed) throws HandoffException {
        try {
            DataInputStream in = new DataInputStream(new ByteArrayInputStream(packet));
            if (packet.length < HEADER_BYTES || in.readInt() != MAGIC) {
                throw new HandoffException("the other side does not speak Baton's handoff protocol");
            }
            int version = in.readUnsignedByte();
            if (version != VERSION) {
                throw new HandoffException("the other side speaks version " + version
                        + " of the handoff protocol, this one version " + VERSION
                        + ": stop the old process and start the new one");
            }
            Type type = Type.of(in.readUnsignedByte());
            int said = in.readUnsignedShort();
            int[] fds = passed.fds();
            if (passed.truncated()) {
                throw new HandoffException(fds.length + " of " + said
                        + " fds arrived: this process is at its limit of open files (raise the hard limit)");
            }
            if (said != fds.length) {
                throw new HandoffException(type + " says " + said + " fds, " + fds.length + " came");
            }
            return new Message(type, fds, in);
        } catch (HandoffException e) {
            throw e;
        } catch (IOException impossible) { // the header's bytes are there
            throw new UncheckedIOException(impossible);
        }
    }

    Type type() {
        return type;
    }

    /** The fds that came with it: the receiver's. */
    int[] fds() {
        return fds.clone();
    }

    String text() throws HandoffException {
        try {
            String text = fields.readUTF();
            if (text.length() > TEXT_CHARS_MAX) {
                throw new HandoffException(type + " has a text of " + text.length() + " characters");
            }
            return text;
        } catch (HandoffException e) {
            throw e;
        } catch (IOException e) {
            throw new HandoffException(type + " is cut short or not well-formed", e);
        }
    }

    /** True if there are fields that have not been read: an older process does not send those that came later. */
    boolean hasMore() {
        try {
            return fields.available() > 0;
        } catch (IOException impossible) { // it is memory
            throw new UncheckedIOException(impossible);
        }
    }

    /** True or false, and nothing else. */
    boolean flag() throws HandoffException {
        long number = number();
        if (number > 1) {
            throw new HandoffException(type + " has " + number + " where only yes or no can be");
        }
        return number == 1;
    }

    /** Some texts; none where the other side does not know of them. */
    List<String> texts() throws HandoffException {
        long count = hasMore() ? number() : 0;
        if (count > TEXTS_MAX) {
            throw new HandoffException(type + " has " + count + " texts");
        }
        List<String> texts = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            texts.add(text());
        }
        return texts;
    }

    /** All bytes that are left. */
    byte[] rest() {
        try {
            return fields.readAllBytes();
        } catch (IOException impossible) { // it is memory
            throw new UncheckedIOException(impossible);
        }
    }

    /** A text that an operator wrote, which may be longer than a name. */
    String writing() throws HandoffException {
        long bytes = number();
        if (bytes > WRITING_BYTES_MAX) {
            throw new HandoffException(type + " has a text of " + bytes + " bytes");
        }
        byte[] text = new byte[(int) bytes];
        try {
            fields.readFully(text);
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(text))
                    .toString();
        } catch (IOException e) { // not UTF-8, too
            throw new HandoffException(type + " is cut short or not well-formed", e);
        }
    }

    /** A count, an age: never negative. */
    long number() throws HandoffException {
        try {
            long number = fields.readLong();
            if (number < 0) {
                throw new HandoffException(type + " has " + number + " where nothing negative can be");
            }
            return number;
        } catch (HandoffException e) {
            throw e;
        } catch (IOException e) {
            throw new HandoffException(type + " is cut short", e);
        }
    }

    /** Writes a packet. */
    static final class Writer {
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        private final DataOutputStream out = new DataOutputStream(bytes);
        private final int[] fds;

        Writer(Type type, int... fds) {
            this.fds = fds.clone();
            try {
                out.writeInt(MAGIC);
                out.writeByte(VERSION);
                out.writeByte(type.code);
                out.writeShort(fds.length);
            } catch (IOException impossible) { // it is memory
                throw new UncheckedIOException(impossible);
            }
        }

        Writer text(String text) {
            try {
                out.writeUTF(text.length() > TEXT_CHARS_MAX ? text.substring(0, TEXT_CHARS_MAX) : text);
                return this;
            } catch (IOException impossible) {
                throw new UncheckedIOException(impossible);
            }
        }

        /** The first {@value #TEXTS_MAX} of some texts, cut to {@value #LISTED_CHARS_MAX} characters each. */
        Writer texts(Collection<String> texts) {
            number(Math.min(TEXTS_MAX, texts.size()));
            int left = TEXTS_MAX;
            for (String each : texts) {
                if (left-- > 0) {
                    text(each.length() > LISTED_CHARS_MAX ? each.substring(0, LISTED_CHARS_MAX) : each);
                }
            }
            return this;
        }

        /** What an operator wrote, whole. */
        Writer writing(String text) {
            byte[] encoded = text.getBytes(StandardCharsets.UTF_8);
            assert encoded.length <= WRITING_BYTES_MAX : encoded.length;
            number(encoded.length);
            bytes.writeBytes(encoded);
            return this;
        }

        /** Bytes, up to the end of the packet: at most {@value #PART_BYTES_MAX}. */
        Writer rest(byte[] from, int offset, int length) {
            assert length <= PART_BYTES_MAX : length;
            bytes.write(from, offset, length);
            return this;
        }

        Writer flag(boolean flag) {
            return number(flag ? 1 : 0);
        }

        Writer number(long number) {
            try {
                out.writeLong(number);
                return this;
            } catch (IOException impossible) {
                throw new UncheckedIOException(impossible);
            }
        }

        byte[] packet() {
            assert bytes.size() <= BYTES_MAX : bytes.size();
            return bytes.toByteArray();
        }

        int[] fds() {
            return fds;
        }
    }
}
