package dev.baton.runtime.posix;

import com.kenai.jffi.CallContext;
import com.kenai.jffi.CallingConvention;
import com.kenai.jffi.Invoker;
import com.kenai.jffi.LastError;
import com.kenai.jffi.Library;
import com.kenai.jffi.Type;
import java.util.Arrays;

/**
 * The functions of the C library that {@link JnrPosix} calls, bound by jffi, the layer on which jnr-ffi and jnr-posix
 * stand.
 *
 * <p>Not by jnr-ffi itself, which generates a class and a machine code stub a function: that costs five times as much
 * at start-up for calls that are 1 to 5 ns cheaper, and passes garbage for the sixth of six integer arguments on x86-64
 * (jnr-ffi 2.2.19). So that nothing here breaks should it ever be bound by jnr-ffi again, no function has six arguments
 * (a test looks): sendto, recvfrom and mmap are missing on purpose.
 *
 * <p>Arguments and results are passed as longs, which both machines' calling conventions allow for ints as well; of a
 * result that is an int, only its 32 bits mean anything. Every call keeps the error number for {@link #lastError},
 * which must be asked on the same thread before its next call.
 */
final class LibC {
    private static final Library LIBRARY = open("libc.so.6");
    private static final Invoker INVOKER = Invoker.getInstance();
    private static final LastError LAST_ERROR = LastError.getInstance();

    private static final CallContext ARGUMENTS_0 = context(0);
    private static final CallContext ARGUMENTS_1 = context(1);
    private static final CallContext ARGUMENTS_2 = context(2);
    private static final CallContext ARGUMENTS_3 = context(3);
    private static final CallContext ARGUMENTS_4 = context(4);
    private static final CallContext ARGUMENTS_5 = context(5);

    private static final long ACCEPT4 = symbol("accept4");
    private static final long BIND = symbol("bind");
    private static final long CLOSE = symbol("close");
    private static final long CONNECT = symbol("connect");
    private static final long EPOLL_CREATE1 = symbol("epoll_create1");
    private static final long EPOLL_CTL = symbol("epoll_ctl");
    private static final long EPOLL_WAIT = symbol("epoll_wait");
    private static final long EVENTFD = symbol("eventfd");
    private static final long GETPEERNAME = symbol("getpeername");
    private static final long GETRLIMIT = symbol("getrlimit");
    private static final long GETSOCKNAME = symbol("getsockname");
    private static final long GETSOCKOPT = symbol("getsockopt");
    private static final long ISATTY = symbol("isatty");
    private static final long LISTEN = symbol("listen");
    private static final long POLL = symbol("poll");
    private static final long READ = symbol("read");
    private static final long RECV = symbol("recv");
    private static final long RECVMSG = symbol("recvmsg");
    private static final long SEND = symbol("send");
    private static final long SENDFILE = symbol("sendfile");
    private static final long SENDMSG = symbol("sendmsg");
    private static final long SETRLIMIT = symbol("setrlimit");
    private static final long SETSOCKOPT = symbol("setsockopt");
    private static final long SHUTDOWN = symbol("shutdown");
    private static final long SOCKET = symbol("socket");
    private static final long WRITE = symbol("write");

    private LibC() {}

    /** The error number of this thread's last call. */
    static int lastError() {
        return LAST_ERROR.get();
    }

    static int accept4(int fd, long address, long addressLengthAddress, int flags) {
        return (int) INVOKER.invokeN4(ARGUMENTS_4, ACCEPT4, fd, address, addressLengthAddress, flags);
    }

    static int bind(int fd, long address, int addressLength) {
        return (int) INVOKER.invokeN3(ARGUMENTS_3, BIND, fd, address, addressLength);
    }

    static int close(int fd) {
        return (int) INVOKER.invokeN1(ARGUMENTS_1, CLOSE, fd);
    }

    static int connect(int fd, long address, int addressLength) {
        return (int) INVOKER.invokeN3(ARGUMENTS_3, CONNECT, fd, address, addressLength);
    }

    static int epollCreate1(int flags) {
        return (int) INVOKER.invokeN1(ARGUMENTS_1, EPOLL_CREATE1, flags);
    }

    static int epollCtl(int epfd, int op, int fd, long event) {
        return (int) INVOKER.invokeN4(ARGUMENTS_4, EPOLL_CTL, epfd, op, fd, event);
    }

    static int epollWait(int epfd, long events, int maxEvents, int timeoutMillis) {
        return (int) INVOKER.invokeN4(ARGUMENTS_4, EPOLL_WAIT, epfd, events, maxEvents, timeoutMillis);
    }

    static int eventfd(int initialValue, int flags) {
        return (int) INVOKER.invokeN2(ARGUMENTS_2, EVENTFD, initialValue, flags);
    }

    static int getpeername(int fd, long address, long addressLengthAddress) {
        return (int) INVOKER.invokeN3(ARGUMENTS_3, GETPEERNAME, fd, address, addressLengthAddress);
    }

    static int getrlimit(int resource, long limits) {
        return (int) INVOKER.invokeN2(ARGUMENTS_2, GETRLIMIT, resource, limits);
    }

    static int getsockname(int fd, long address, long addressLengthAddress) {
        return (int) INVOKER.invokeN3(ARGUMENTS_3, GETSOCKNAME, fd, address, addressLengthAddress);
    }

    static int getsockopt(int fd, int level, int option, long valueAddress, long valueLengthAddress) {
        return (int) INVOKER.invokeN5(ARGUMENTS_5, GETSOCKOPT, fd, level, option, valueAddress, valueLengthAddress);
    }

    static int isatty(int fd) {
        return (int) INVOKER.invokeN1(ARGUMENTS_1, ISATTY, fd);
    }

    static int listen(int fd, int backlog) {
        return (int) INVOKER.invokeN2(ARGUMENTS_2, LISTEN, fd, backlog);
    }

    static int poll(long pollfds, int count, int timeoutMillis) {
        return (int) INVOKER.invokeN3(ARGUMENTS_3, POLL, pollfds, count, timeoutMillis);
    }

    static long read(int fd, long buffer, int length) {
        return INVOKER.invokeN3(ARGUMENTS_3, READ, fd, buffer, length);
    }

    static long recv(int fd, long buffer, int length, int flags) {
        return INVOKER.invokeN4(ARGUMENTS_4, RECV, fd, buffer, length, flags);
    }

    static long recvmsg(int fd, long message, int flags) {
        return INVOKER.invokeN3(ARGUMENTS_3, RECVMSG, fd, message, flags);
    }

    static long send(int fd, long buffer, int length, int flags) {
        return INVOKER.invokeN4(ARGUMENTS_4, SEND, fd, buffer, length, flags);
    }

    static long sendfile(int fd, int file, long offsetAddress, int length) {
        return INVOKER.invokeN4(ARGUMENTS_4, SENDFILE, fd, file, offsetAddress, length);
    }

    static long sendmsg(int fd, long message, int flags) {
        return INVOKER.invokeN3(ARGUMENTS_3, SENDMSG, fd, message, flags);
    }

    static int setrlimit(int resource, long limits) {
        return (int) INVOKER.invokeN2(ARGUMENTS_2, SETRLIMIT, resource, limits);
    }

    static int setsockopt(int fd, int level, int option, long valueAddress, int valueLength) {
        return (int) INVOKER.invokeN5(ARGUMENTS_5, SETSOCKOPT, fd, level, option, valueAddress, valueLength);
    }

    static int shutdown(int fd, int how) {
        return (int) INVOKER.invokeN2(ARGUMENTS_2, SHUTDOWN, fd, how);
    }

    static int socket(int domain, int type, int protocol) {
        return (int) INVOKER.invokeN3(ARGUMENTS_3, SOCKET, domain, type, protocol);
    }

    static long write(int fd, long buffer, int length) {
        return INVOKER.invokeN3(ARGUMENTS_3, WRITE, fd, buffer, length);
    }

    /** Not in every C library: bound when it is first asked for. */
    static final class MemoryFiles {
        private static final long MEMFD_CREATE = LIBRARY.getSymbolAddress("memfd_create"); // 0 before glibc 2.27

        private MemoryFiles() {}

        static boolean isThere() {
            return MEMFD_CREATE != 0;
        }

        static int create(long name, int flags) {
            return (int) INVOKER.invokeN2(ARGUMENTS_2, MEMFD_CREATE, name, flags);
        }
    }

    /** What passes bytes on within the kernel: bound when the first pipe is made. */
    static final class Pipes {
        private static final CallContext ARGUMENTS_6 = context(6);

        private static final long PIPE2 = symbol("pipe2");
        private static final long SPLICE = symbol("splice");

        private Pipes() {}

        static int pipe2(long fds, int flags) {
            return (int) INVOKER.invokeN2(ARGUMENTS_2, PIPE2, fds, flags);
        }

        /**
         * Of six arguments, of which the two offsets must be null for sockets and pipes. The class comment does not
         * apply, as jffi itself passes the sixth rightly (a test reads back what was spliced, without waiting).
         */
        static long splice(int from, int to, int length, int flags) {
            return INVOKER.invokeN6(ARGUMENTS_6, SPLICE, from, 0, to, 0, length, flags);
        }
    }

    /** Calls that most processes never make: bound when the first is made. */
    static final class Processes {
        private static final long KILL = symbol("kill");
        private static final long WAITPID = symbol("waitpid");
        private static final long MALLOC_TRIM =
                LIBRARY.getSymbolAddress("malloc_trim"); // glibc's own; 0 if there is none

        private static final long FCNTL = symbol("fcntl");
        private static final long GETEGID = symbol("getegid");
        private static final long GETEUID = symbol("geteuid");
        private static final long GETGRNAM = symbol("getgrnam");
        private static final long GETPWNAM = symbol("getpwnam");
        private static final long INITGROUPS = symbol("initgroups");
        private static final long PRCTL = symbol("prctl");
        private static final long SETGROUPS = symbol("setgroups");
        private static final long SETRESGID = symbol("setresgid");
        private static final long SETRESUID = symbol("setresuid");
        private static final long SETPRIORITY = symbol("setpriority");

        private Processes() {}

        static int getegid() {
            return (int) INVOKER.invokeN0(ARGUMENTS_0, GETEGID);
        }

        static int geteuid() {
            return (int) INVOKER.invokeN0(ARGUMENTS_0, GETEUID);
        }

        static long getgrnam(long name) {
            return INVOKER.invokeN1(ARGUMENTS_1, GETGRNAM, name);
        }

        static long getpwnam(long name) {
            return INVOKER.invokeN1(ARGUMENTS_1, GETPWNAM, name);
        }

        static int initgroups(long name, int gid) {
            return (int) INVOKER.invokeN2(ARGUMENTS_2, INITGROUPS, name, gid);
        }

        static int prctl(int option, long argument) {
            return (int) INVOKER.invokeN5(ARGUMENTS_5, PRCTL, option, argument, 0, 0, 0);
        }

        static int setgroups(int count, long groups) {
            return (int) INVOKER.invokeN2(ARGUMENTS_2, SETGROUPS, count, groups);
        }

        static int setresgid(int gid) {
            return (int) INVOKER.invokeN3(ARGUMENTS_3, SETRESGID, gid, gid, gid);
        }

        static int setresuid(int uid) {
            return (int) INVOKER.invokeN3(ARGUMENTS_3, SETRESUID, uid, uid, uid);
        }

        static int fcntl(int fd, int command, int argument) {
            return (int) INVOKER.invokeN3(ARGUMENTS_3, FCNTL, fd, command, argument);
        }

        /** Of the calling thread: PRIO_PROCESS of 0. */
        static int setpriority(int nice) {
            return (int) INVOKER.invokeN3(ARGUMENTS_3, SETPRIORITY, 0, 0, nice);
        }

        static int kill(int pid, int signal) {
            return (int) INVOKER.invokeN2(ARGUMENTS_2, KILL, pid, signal);
        }

        static int waitpid(int pid, long status, int options) {
            return (int) INVOKER.invokeN3(ARGUMENTS_3, WAITPID, pid, status, options);
        }

        static void mallocTrim() {
            if (MALLOC_TRIM != 0) {
                INVOKER.invokeN1(ARGUMENTS_1, MALLOC_TRIM, 0);
            }
        }
    }

    /** Starting a process that inherits more than the standard streams; bound when the first is. */
    static final class Spawning {
        private static final CallContext ARGUMENTS_6 = context(6);

        private static final long ENVIRON = symbol("environ");
        private static final long SPAWN = symbol("posix_spawn");
        private static final long ACTIONS_INIT = symbol("posix_spawn_file_actions_init");
        private static final long ACTIONS_DESTROY = symbol("posix_spawn_file_actions_destroy");
        private static final long ACTIONS_DUP2 = symbol("posix_spawn_file_actions_adddup2");
        private static final long ACTIONS_CLOSE = symbol("posix_spawn_file_actions_addclose");
        private static final long ACTIONS_OPEN = symbol("posix_spawn_file_actions_addopen");
        private static final long ATTRIBUTES_INIT = symbol("posix_spawnattr_init");
        private static final long ATTRIBUTES_DESTROY = symbol("posix_spawnattr_destroy");
        private static final long ATTRIBUTES_FLAGS = symbol("posix_spawnattr_setflags");
        private static final long ATTRIBUTES_GROUP = symbol("posix_spawnattr_setpgroup");
        private static final long ATTRIBUTES_MASK = symbol("posix_spawnattr_setsigmask");

        private Spawning() {}

        /** Where the environment's address stands. */
        static long environ() {
            return ENVIRON;
        }

        /**
         * Of six arguments, with this process's environment. Returns the error number; the class comment does not
         * apply, as jffi itself passes the sixth rightly (a test starts a process).
         */
        static int spawn(long pidAddress, long path, Plan plan, long arguments, long environment) {
            return (int) INVOKER.invokeN6(
                    ARGUMENTS_6, SPAWN, pidAddress, path, plan.actions(), plan.attributes(), arguments, environment);
        }

        /** What becomes of the child's fds, and of its process group and signals: two addresses. */
        record Plan(long actions, long attributes) {}

        static void actionsInit(long actions) {
            INVOKER.invokeN1(ARGUMENTS_1, ACTIONS_INIT, actions);
        }

        static void actionsDestroy(long actions) {
            INVOKER.invokeN1(ARGUMENTS_1, ACTIONS_DESTROY, actions);
        }

        static void actionsDup2(long actions, int from, int to) {
            INVOKER.invokeN3(ARGUMENTS_3, ACTIONS_DUP2, actions, from, to);
        }

        static void actionsClose(long actions, int fd) {
            INVOKER.invokeN2(ARGUMENTS_2, ACTIONS_CLOSE, actions, fd);
        }

        static void actionsOpen(long actions, int fd, long path, int flags) {
            INVOKER.invokeN5(ARGUMENTS_5, ACTIONS_OPEN, actions, fd, path, flags, 0);
        }

        static void attributesInit(long attributes) {
            INVOKER.invokeN1(ARGUMENTS_1, ATTRIBUTES_INIT, attributes);
        }

        static void attributesDestroy(long attributes) {
            INVOKER.invokeN1(ARGUMENTS_1, ATTRIBUTES_DESTROY, attributes);
        }

        static void attributesSet(long attributes, int flags, int group, long mask) {
            INVOKER.invokeN2(ARGUMENTS_2, ATTRIBUTES_FLAGS, attributes, flags);
            INVOKER.invokeN2(ARGUMENTS_2, ATTRIBUTES_GROUP, attributes, group);
            INVOKER.invokeN2(ARGUMENTS_2, ATTRIBUTES_MASK, attributes, mask);
        }
    }

    private static Library open(String name) {
        Library library = Library.getCachedInstance(name, Library.LAZY | Library.LOCAL);
        if (library == null) {
            throw new UnsatisfiedLinkError(name + ": " + Library.getLastError());
        }
        return library;
    }

    private static CallContext context(int count) {
        Type[] arguments = new Type[count];
        Arrays.fill(arguments, Type.SINT64);
        return CallContext.getCallContext(Type.SINT64, arguments, CallingConvention.DEFAULT, true);
    }

    private static long symbol(String name) {
        long address = LIBRARY.getSymbolAddress(name);
        if (address == 0) {
            throw new UnsatisfiedLinkError("the C library has no " + name); // to call it would end the process
        }
        return address;
    }
}
