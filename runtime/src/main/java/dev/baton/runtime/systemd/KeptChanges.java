package dev.baton.runtime.systemd;

import dev.baton.runtime.listener.ChangedListener;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * What an operator has changed about listeners, as it stands in the memory that outlives a process:
 *
 * <pre>
 *   int     {@value #FORM}, which is this form
 *   long    when it was written, on the clock of {@link System#nanoTime}, which all processes since a boot share
 *   int     how many listeners
 *   each:   name (UTF), suspended (boolean), its bind, its text: each of them its length (int), then itself (UTF-8)
 * </pre>
 */
record KeptChanges(long writtenAt, List<ChangedListener> listeners) {
    /** More than any operator adds; and the manager, whose memory it is, is to be spared. */
    static final int BYTES_MAX = 4 * 1024 * 1024;

    private static final int FORM = 0x62746e02;

    KeptChanges {
        listeners = List.copyOf(listeners);
    }

    /** Written. */
    byte[] bytes() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (DataOutputStream out = new DataOutputStream(bytes)) {
            out.writeInt(FORM);
            out.writeLong(writtenAt);
            out.writeInt(listeners.size());
            for (ChangedListener each : listeners) {
                out.writeUTF(each.name());
                out.writeBoolean(each.suspended());
                write(each.bind(), out);
                write(each.text(), out);
            }
        } catch (IOException e) {
            throw new IllegalStateException("into memory", e);
        }
        return bytes.toByteArray();
    }

    private static void write(String text, DataOutputStream out) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        out.writeInt(bytes.length);
        out.write(bytes);
    }

    /**
     * Read.
     *
     * @throws IOException if it is of another form
     */
    static KeptChanges read(byte[] bytes) throws IOException {
        try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
            int form = in.readInt();
            if (form != FORM) {
                throw new IOException("it is of another form, " + Integer.toHexString(form));
            }
            long writtenAt = in.readLong();
            int count = in.readInt();
            List<ChangedListener> listeners = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                String name = in.readUTF();
                boolean suspended = in.readBoolean();
                String bind = text(in);
                listeners.add(new ChangedListener(name, bind, suspended, text(in)));
            }
            return new KeptChanges(writtenAt, listeners);
        } catch (EOFException e) {
            throw new IOException("it ends too early", e);
        }
    }

    private static String text(DataInputStream in) throws IOException {
        int length = in.readInt();
        byte[] bytes = in.readNBytes(Math.max(0, length));
        if (bytes.length != length) {
            throw new EOFException();
        }
        return new String(bytes, StandardCharsets.UTF_8);
    }
}
