package dev.baton.runtime.posix;

/**
 * The functions of the C library that jnr-ffi binds for {@link JnrPosix}; public only because the class that jnr generates
 * for it lives in another class loader.
 *
 * <p>Every parameter is an {@code int} or a {@code long} (sizes and addresses too, which are 64 bits wide on the machines
 * that Baton runs on), so that each call becomes a machine code stub without conversions. <b>No function may have six
 * parameters:</b> jnr-ffi 2.2.19 passes garbage for the sixth on x86-64, which is why sendto, recvfrom and mmap are not here
 * (a test looks). Results are -1 on failure, with the error number kept by jnr for the calling thread.
 */
public interface LibC {
    /** See socket(2). */
    int socket(int domain, int type, int protocol);

    /** See bind(2). */
    int bind(int fd, long address, int addressLength);

    /** See listen(2). */
    int listen(int fd, int backlog);

    /** See accept4(2). */
    int accept4(int fd, long address, long addressLengthAddress, int flags);

    /** See connect(2). */
    int connect(int fd, long address, int addressLength);

    /** See getsockname(2). */
    int getsockname(int fd, long address, long addressLengthAddress);

    /** See getpeername(2). */
    int getpeername(int fd, long address, long addressLengthAddress);

    /** See setsockopt(2). */
    int setsockopt(int fd, int level, int option, long valueAddress, int valueLength);

    /** See getsockopt(2). */
    int getsockopt(int fd, int level, int option, long valueAddress, long valueLengthAddress);

    /** See recv(2). */
    long recv(int fd, long buffer, long length, int flags);

    /** See send(2). */
    long send(int fd, long buffer, long length, int flags);

    /** See sendmsg(2). */
    long sendmsg(int fd, long message, int flags);

    /** See recvmsg(2). */
    long recvmsg(int fd, long message, int flags);

    /** See shutdown(2). */
    int shutdown(int fd, int how);

    /** See read(2). */
    long read(int fd, long buffer, long length);

    /** See write(2). */
    long write(int fd, long buffer, long length);

    /** See close(2). */
    int close(int fd);

    /** See epoll_create1(2). */
    int epoll_create1(int flags);

    /** See epoll_ctl(2). */
    int epoll_ctl(int epfd, int op, int fd, long event);

    /** See epoll_wait(2). */
    int epoll_wait(int epfd, long events, int maxEvents, int timeoutMillis);

    /** See poll(2). */
    int poll(long pollfds, long count, int timeoutMillis);

    /** See eventfd(2). */
    int eventfd(int initialValue, int flags);

    /** See getrlimit(2). */
    int getrlimit(int resource, long limits);

    /** See setrlimit(2). */
    int setrlimit(int resource, long limits);

    /** See isatty(3). */
    int isatty(int fd);
}
