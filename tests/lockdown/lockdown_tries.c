/* SPDX-License-Identifier: Apache-2.0
 * What a process that is locked down may still do, and what it is refused: each try runs in a child
 * of its own, once as it is and once locked down. What is refused must not have been refused
 * before, so no line holds by accident. Exit code 0 if all held. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/perf_event.h>
#include <netdb.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/log.h"
#include "node/lockdown/lockdown.h"
#include "tests/lib/must.h"
#include "tests/lib/scratch.h"

enum { PATH = SCRATCH_PATH + 32, NOT_SHOWN = 77 };

static char folder[SCRATCH_PATH]; /* has data/, sockets/, genesis and other */

static void copy_path(const char *name, char out[PATH])
{
    (void)snprintf(out, PATH, "%s/%s", folder, name);
}

static const char *in_folder(const char *name)
{
    static char path[PATH];
    copy_path(name, path);
    return path;
}

/* 0, or the errno of a call that gives -1. */
static int failed(long result)
{
    return result == -1 ? errno : 0;
}

/* ---- files -------------------------------------------------------------------------------------
 */

static int opens(const char *name, int flags)
{
    int fd = open(in_folder(name), flags | O_CLOEXEC, 0600);
    if (fd >= 0)
        close(fd);
    return failed(fd);
}

static int makes_in_data(void)
{
    int error = opens("data/new", O_RDWR | O_CREAT | O_TRUNC);
    char from[PATH];
    copy_path("data/new", from);
    if (error == 0)
        error = failed(rename(from, in_folder("data/newer")));
    if (error == 0)
        error = failed(unlink(in_folder("data/newer")));
    if (error == 0)
        error = failed(mkdir(in_folder("data/folder"), 0700));
    return error == 0 ? failed(rmdir(in_folder("data/folder"))) : error;
}

static int reads_genesis(void)
{
    return opens("genesis", O_RDONLY);
}

static int writes_genesis(void)
{
    return opens("genesis", O_WRONLY);
}

static int reads_another(void)
{
    return opens("other", O_RDONLY);
}

static int makes_another(void)
{
    return opens("another", O_WRONLY | O_CREAT);
}

static int cuts_another(void)
{
    return failed(truncate(in_folder("other"), 1));
}

static int removes_another(void)
{
    return failed(unlink(in_folder("other")));
}

static int moves_out_of_data(void)
{
    char to[PATH];
    copy_path("out", to);
    return failed(rename(in_folder("data/kept"), to));
}

static int lists_the_folder_above(void)
{
    return opens(".", O_RDONLY | O_DIRECTORY);
}

static int reads_of_processes(void)
{
    return failed(open("/proc/1/status", O_RDONLY | O_CLOEXEC));
}

static int reads_its_mappings(void)
{
    return failed(open("/proc/self/maps", O_RDONLY | O_CLOEXEC));
}

static int binds(const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", in_folder(name));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return failed(bind(fd, (const struct sockaddr *)&address, sizeof address));
}

static int listens_where_it_may(void)
{
    int error = binds("sockets/one");
    return error == 0 ? failed(unlink(in_folder("sockets/one"))) : error;
}

static int listens_elsewhere(void)
{
    return binds("two");
}

/* ---- calls -------------------------------------------------------------------------------------
 */

static int executes(void)
{
    char name[] = "true";
    char *words[] = {name, NULL};
    return failed(execv("/bin/true", words));
}

static int forks(void)
{
    pid_t child = fork();
    if (child == 0)
        _exit(0);
    return failed(child);
}

static void *nothing(void *context)
{
    return context;
}

static int starts_a_thread(void)
{
    pthread_t thread;
    int error = pthread_create(&thread, NULL, nothing, NULL);
    return error == 0 ? pthread_join(thread, NULL) : error;
}

static int resolves_a_name(void)
{
    struct addrinfo *found = NULL;
    int error = getaddrinfo("localhost", "80", NULL, &found);
    if (found != NULL)
        freeaddrinfo(found);
    return error;
}

static int is_traced(void)
{
    return failed(ptrace(PTRACE_TRACEME, 0, NULL, NULL));
}

static int reads_memory_of_processes(void)
{
    char from = 'a', to;
    struct iovec ours = {&to, 1}, theirs = {&from, 1};
    return failed(process_vm_readv(getpid(), &ours, 1, &theirs, 1, 0));
}

static int signals_others(void)
{
    return failed(kill(getppid(), 0));
}

static int signals_itself(void)
{
    (void)signal(SIGABRT, SIG_IGN);
    return failed(raise(SIGABRT));
}

static int becomes_dumpable(void)
{
    return failed(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0));
}

static int raises_its_core_limit(void)
{
    struct rlimit limit;
    return getrlimit(RLIMIT_CORE, &limit) == 0 && limit.rlim_max == 0 ? EINVAL : 0;
}

static int starts_io_uring(void)
{
    char parameters[120] = {0};
    return failed(syscall(SYS_io_uring_setup, 1, parameters));
}

static int counts_events(void)
{
    struct perf_event_attr attributes = {.type = PERF_TYPE_SOFTWARE, .size = sizeof attributes};
    return failed(syscall(SYS_perf_event_open, &attributes, 0, -1, -1, 0));
}

static int leaves_a_namespace(void)
{
    return failed(unshare(CLONE_FS));
}

static int changes_root(void)
{
    return failed(chroot("/nowhere"));
}

static int changes_personality(void)
{
    return failed(personality(0xffffffff));
}

static int changes_user(void)
{
    return failed(setuid(geteuid()));
}

static int gives_files_away(void)
{
    return failed(chown(in_folder("data/kept"), geteuid(), getegid()));
}

static int asks_for_keys(void)
{
    return failed(syscall(SYS_keyctl, 0 /* KEYCTL_GET_KEYRING_ID */, -3, 0));
}

static int opens_vsock(void)
{
    return failed(socket(AF_VSOCK, SOCK_STREAM, 0));
}

static int opens_old_socket(void)
{
    return failed(socket(AF_IPX, SOCK_DGRAM, 0));
}

static int opens_inet(void)
{
    return failed(socket(AF_INET6, SOCK_STREAM, 0));
}

static int runs_what_it_writes(void)
{
    void *memory =
        mmap(NULL, 1, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return memory == MAP_FAILED ? errno : 0;
}

static int runs_what_it_has_written(void)
{
    void *memory = mmap(NULL, 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return failed(mprotect(memory, 1, PROT_READ | PROT_EXEC));
}

static int types_into_a_terminal(void)
{
    return failed(ioctl(-1, TIOCSTI, "x"));
}

/* The kernel takes an int of this call; the filter must not see another number. */
static int types_by_a_longer_number(void)
{
    return failed(syscall(SYS_ioctl, -1, 1UL << 32 | TIOCSTI, "x"));
}

/* ---- the table ---------------------------------------------------------------------------------
 */

static const struct {
    int (*try)(void);
    const char *name;
    int refused; /* with this errno when locked down, and not before; 0: works both times */
    enum lockdown_part by;
} tries[] = {
#define TRY(name, refused, by)                                                                     \
    {                                                                                              \
        name, #name, refused, LOCKDOWN_##by                                                        \
    }
    TRY(makes_in_data, 0, FILES),
    TRY(reads_genesis, 0, FILES),
    TRY(listens_where_it_may, 0, FILES),
    TRY(resolves_a_name, 0, FILES),
    TRY(reads_its_mappings, 0, FILES),
    TRY(starts_a_thread, 0, CALLS),
    TRY(signals_itself, 0, CALLS),
    TRY(opens_inet, 0, CALLS),
    TRY(writes_genesis, EACCES, FILES),
    TRY(reads_another, EACCES, FILES),
    TRY(makes_another, EACCES, FILES),
    TRY(removes_another, EACCES, FILES),
    TRY(moves_out_of_data, EACCES, FILES),
    TRY(lists_the_folder_above, EACCES, FILES),
    TRY(reads_of_processes, EACCES, FILES),
    TRY(listens_elsewhere, EACCES, FILES),
    TRY(cuts_another, EPERM, CALLS),
    TRY(executes, EPERM, CALLS),
    TRY(forks, EPERM, CALLS),
    TRY(signals_others, EPERM, CALLS),
    TRY(is_traced, EPERM, CALLS),
    TRY(reads_memory_of_processes, EPERM, CALLS),
    TRY(becomes_dumpable, EPERM, CALLS),
    TRY(starts_io_uring, EPERM, CALLS),
    TRY(counts_events, EPERM, CALLS),
    TRY(leaves_a_namespace, EPERM, CALLS),
    TRY(changes_root, EPERM, CALLS),
    TRY(changes_personality, EPERM, CALLS),
    TRY(changes_user, EPERM, CALLS),
    TRY(gives_files_away, EPERM, CALLS),
    TRY(asks_for_keys, EPERM, CALLS),
    TRY(opens_vsock, EPERM, CALLS),
    TRY(opens_old_socket, EPERM, CALLS),
    TRY(runs_what_it_writes, EPERM, CALLS),
    TRY(runs_what_it_has_written, EPERM, CALLS),
    TRY(types_into_a_terminal, EPERM, CALLS),
    TRY(types_by_a_longer_number, EPERM, CALLS),
    TRY(raises_its_core_limit, EINVAL, CORE),
};

static void put(const char *name)
{
    int fd = open(in_folder(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    must(fd >= 0 && write(fd, name, strlen(name)) > 0, "a file can be made");
    close(fd);
}

/* What a try may have removed or made. */
static void lay_out(void)
{
    mkdir(in_folder("data"), 0700);
    mkdir(in_folder("sockets"), 0700);
    put("data/kept");
    put("genesis");
    put("other");
    unlink(in_folder("two"));
}

static void lock_down(void)
{
    char data[PATH], genesis[PATH], sockets[PATH];
    struct vg_error error;
    copy_path("data", data);
    copy_path("genesis", genesis);
    copy_path("sockets", sockets);
    const struct lockdown_place places[] = {{data, LOCKDOWN_WRITE},
                                            {genesis, LOCKDOWN_READ},
                                            {sockets, LOCKDOWN_LISTEN},
                                            {"", LOCKDOWN_WRITE},
                                            {"/no/such/folder", LOCKDOWN_WRITE}};
    const struct lockdown_plan plan = {places, sizeof places / sizeof places[0], 0};
    vg_log_threshold(VG_LOG_ERROR); /* a machine for tests is not set up as one for a node */
    must(lockdown(&plan, &error) == VG_OK, "a process can be locked down");
}

/* What a try gives in a child of its own, or -1 when this machine has not the part it is about. */
static int outcome(size_t number, bool locked)
{
    lay_out();
    pid_t child = fork();
    if (child == 0) {
        if (locked)
            lock_down();
        _exit(locked && !lockdown_holds(tries[number].by) ? UCHAR_MAX : tries[number].try());
    }
    int status = 0;
    must(waitpid(child, &status, 0) == child && WIFEXITED(status), "a try comes to its end");
    return WEXITSTATUS(status) == UCHAR_MAX ? -1 : WEXITSTATUS(status);
}

int main(void)
{
    int wrong = 0, missing = 0;
    scratch_make(folder);
    for (size_t i = 0; i < sizeof tries / sizeof tries[0]; i++) {
        int before = outcome(i, false), after = outcome(i, true), refused = tries[i].refused;
        bool fits = after == refused && (refused == 0 ? before == 0 : before != refused);
        missing += after == -1;
        wrong += !fits && after != -1;
        if (!fits)
            printf("%s: errno %d before and %d locked down, expected %d, by %s\n", tries[i].name,
                   before, after, refused, lockdown_part_name(tries[i].by));
    }
    scratch_remove(folder);
    printf("%zu tries, %d wrong, %d not possible on this machine\n", sizeof tries / sizeof tries[0],
           wrong, missing);
    return wrong > 0 ? 1 : missing > 0 ? NOT_SHOWN : 0;
}
