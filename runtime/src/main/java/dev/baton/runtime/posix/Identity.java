package dev.baton.runtime.posix;

import com.kenai.jffi.MemoryIO;
import dev.baton.spi.posix.NativeMemory;
import dev.baton.spi.posix.PosixException;
import dev.baton.spi.threading.OffLoop;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * A user and a group that a process may become, for good: all threads of it, with real, effective and saved ids, the
 * groups of that user, and no capabilities.
 *
 * <p>The C library's calls are made, not the kernel's own, which change only the thread that makes them.
 *
 * @param name the user's, for {@code initgroups(3)}; null for one that only has a number
 * @param uid the user
 * @param gid the group
 */
public record Identity(@Nullable String name, int uid, int gid) {
    /** {@code struct passwd}: the offsets of pw_uid and pw_gid on 64-bit Linux; gr_gid stands where pw_uid does. */
    private static final int PASSWD_UID = 16;

    private static final int PASSWD_GID = 20;
    private static final int GROUP_GID = 16;
    private static final int PR_SET_DUMPABLE = 4;

    /**
     * Looks names up, as the machine's name service knows them.
     *
     * @param user a name or a number
     * @param group a name or a number; null for the user's own
     * @return null if there is no such user or group, or a bare number has no group
     */
    @OffLoop
    public static @Nullable Identity find(String user, @Nullable String group) {
        long entry = lookUp(user, true);
        int uid = entry == 0 ? number(user) : MemoryIO.getInstance().getInt(entry + PASSWD_UID);
        int gid = entry == 0 ? -1 : MemoryIO.getInstance().getInt(entry + PASSWD_GID);
        if (group != null) {
            long found = lookUp(group, false);
            gid = found == 0 ? number(group) : MemoryIO.getInstance().getInt(found + GROUP_GID);
        }
        return uid < 0 || gid < 0 ? null : new Identity(entry == 0 ? null : user, uid, gid);
    }

    private static long lookUp(String name, boolean isUser) {
        try (NativeMemory text = text(name)) {
            return isUser ? LibC.Processes.getpwnam(text.address()) : LibC.Processes.getgrnam(text.address());
        }
    }

    private static NativeMemory text(String text) {
        byte[] bytes = (text + "\0").getBytes(StandardCharsets.UTF_8);
        NativeMemory memory = NativeMemory.allocate(bytes.length);
        memory.putBytes(0, bytes);
        return memory;
    }

    private static int number(String text) {
        return text.matches("[0-9]{1,9}") ? Integer.parseInt(text) : -1;
    }

    /** The effective user of this process. */
    @OffLoop
    public static int effectiveUser() {
        return LibC.Processes.geteuid();
    }

    /** True if this process is it already. */
    @OffLoop
    public boolean isThisProcess() {
        return LibC.Processes.geteuid() == uid && LibC.Processes.getegid() == gid;
    }

    /**
     * Becomes it. Only root can.
     *
     * @throws PosixException if the kernel refuses; the process may be half of it then, and must end
     */
    @OffLoop
    public void become() throws PosixException {
        if (name == null) {
            check("give up the groups of root", LibC.Processes.setgroups(0, 0));
        } else {
            try (NativeMemory text = text(name)) {
                check("take the groups of user " + name, LibC.Processes.initgroups(text.address(), gid));
            }
        }
        check("become group " + gid, LibC.Processes.setresgid(gid)); // first: only root may
        check("become user " + uid, LibC.Processes.setresuid(uid));
        // The kernel hides the files of /proc/self from a process that was another user; an upgrade and the loops read
        // some.
        check("have its own files in /proc", LibC.Processes.prctl(PR_SET_DUMPABLE, 1));
    }

    private static void check(String what, int result) throws PosixException {
        if (result < 0) {
            throw PosixException.of(what, -LibC.lastError());
        }
    }
}
