package dev.baton.runtime.upgrade;

import dev.baton.runtime.channel.PackedSocket;
import dev.baton.runtime.pack.PackedCompanion;
import dev.baton.runtime.pack.PackedCompanion.Place;
import dev.baton.runtime.pack.Parcel;
import dev.baton.spi.service.Packed;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A {@link Parcel} in bytes, without its fds, which come with its last packet in the order of {@link Parcel#numbers()}.
 * New fields come last; a reader ignores those that it does not know.
 *
 * <pre>
 * text   the listener's name
 * text   the client's address, as in a {@link HandedServer}; empty if filters found out nothing
 * text   the same for the server's
 * bytes  what the service has packed
 * bytes  what was not sent to the client
 * count  of companions, and of each: texts of its upstream, server, plugin and profile; bytes not sent
 * texts  of the peers' addresses, the client's and each companion's; empty if one is not known
 * </pre>
 */
final class ParcelForm {
    /** What a hostile giver can make this process hold of one connection. */
    static final int BYTES_MAX = 8 << 20;

    private static final int COMPANIONS_MAX = Message.FDS_MAX - 1;

    private ParcelForm() {}

    static byte[] write(Parcel parcel) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(bytes);
        try {
            out.writeUTF(parcel.listener());
            out.writeUTF(text(parcel.client()));
            out.writeUTF(text(parcel.server()));
            write(out, parcel.state());
            write(out, parcel.socket().unsent());
            out.writeInt(parcel.companions().size());
            for (PackedCompanion each : parcel.companions()) {
                out.writeUTF(each.of().upstream());
                out.writeUTF(each.of().server());
                out.writeUTF(each.of().plugin());
                out.writeUTF(each.of().profile());
                write(out, each.socket().unsent());
            }
            for (PackedSocket each : parcel.sockets()) {
                out.writeUTF(text(each.peer()));
            }
        } catch (IOException impossible) { // it is memory
            throw new UncheckedIOException(impossible);
        }
        return bytes.toByteArray();
    }

    private static String text(@Nullable SocketAddress address) {
        return address == null ? "" : HandedServer.text(address);
    }

    private static void write(DataOutputStream out, byte[] bytes) throws IOException {
        out.writeInt(bytes.length);
        out.write(bytes);
    }

    /**
     * Takes one apart.
     *
     * @param numbers the fds that came with it; the caller's to close if this throws
     */
    static Parcel read(byte[] form, int... numbers) throws HandoffException {
        DataInputStream in = new DataInputStream(new ByteArrayInputStream(form));
        try {
            String listener = in.readUTF();
            SocketAddress client = address(in.readUTF());
            SocketAddress server = address(in.readUTF());
            byte[] state = bytes(in, Packed.STATE_BYTES_MAX);
            byte[] unsent = bytes(in, BYTES_MAX);
            int count = in.readInt();
            if (count < 0 || count > COMPANIONS_MAX || numbers.length != count + 1) {
                throw new HandoffException(
                        "a connection with " + count + " companions came with " + numbers.length + " fds");
            }
            List<Place> places = new ArrayList<>();
            List<byte[]> theirUnsent = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                places.add(new Place(in.readUTF(), in.readUTF(), in.readUTF(), in.readUTF()));
                theirUnsent.add(bytes(in, BYTES_MAX));
            }
            boolean old = in.available() == 0; // of a version that does not tell the peers
            PackedSocket socket = new PackedSocket(numbers[0], old ? null : address(in.readUTF()), unsent);
            List<PackedCompanion> companions = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                SocketAddress peer = old ? null : address(in.readUTF());
                companions.add(
                        new PackedCompanion(places.get(i), new PackedSocket(numbers[i + 1], peer, theirUnsent.get(i))));
            }
            return new Parcel(listener, client, server, state, socket, companions);
        } catch (HandoffException e) {
            throw e;
        } catch (IOException e) {
            throw new HandoffException("a connection is cut short or not well-formed", e);
        }
    }

    private static @Nullable SocketAddress address(String text) throws HandoffException {
        return text.isEmpty() ? null : HandedServer.parse(text);
    }

    private static byte[] bytes(DataInputStream in, int most) throws IOException {
        int length = in.readInt();
        if (length < 0 || length > Math.min(most, in.available())) {
            throw new HandoffException("a connection with " + length + " bytes of something, " + in.available()
                    + " are there and " + most + " may be");
        }
        return in.readNBytes(length);
    }
}
