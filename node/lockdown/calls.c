/* SPDX-License-Identifier: Apache-2.0
 * A filter of system calls: refuses what a node can never need, whatever its libraries do
 * (docs/decisions/0019). */
#define _GNU_SOURCE /* CLONE_THREAD */
#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "node/lockdown/parts.h"

#define C(name) SCMP_SYS(name)
#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* clang-format off */
static const int refused[] = {
    /* programs */
    C(execve), C(execveat), C(fork), C(vfork), C(uselib),
    /* other processes */
    C(process_vm_readv), C(process_vm_writev), C(process_madvise), C(process_mrelease), C(kcmp),
    C(pidfd_open), C(pidfd_getfd), C(pidfd_send_signal),
    /* the kernel */
    C(bpf), C(perf_event_open), C(userfaultfd), C(io_uring_setup), C(io_uring_enter),
    C(io_uring_register), C(init_module), C(finit_module), C(delete_module), C(kexec_load),
    C(kexec_file_load), C(reboot), C(syslog), C(acct), C(swapon), C(swapoff), C(quotactl),
    C(quotactl_fd), C(lookup_dcookie), C(iopl), C(ioperm), C(modify_ldt), C(personality),
    C(vhangup),
    /* mounts and namespaces */
    C(mount), C(umount), C(umount2), C(pivot_root), C(chroot), C(move_mount), C(open_tree),
    C(fsopen), C(fsmount), C(fsconfig), C(fspick), C(mount_setattr), C(name_to_handle_at),
    C(open_by_handle_at), C(fanotify_init), C(unshare), C(setns),
    /* users, keys, clock, devices */
    C(setuid), C(setgid), C(setreuid), C(setregid), C(setresuid), C(setresgid), C(setgroups),
    C(setfsuid), C(setfsgid), C(capset), C(chown), C(fchown), C(lchown), C(fchownat), C(add_key),
    C(request_key), C(keyctl), C(settimeofday), C(clock_settime), C(adjtimex), C(clock_adjtime),
    C(stime), C(sethostname), C(setdomainname), C(mknod), C(mknodat),
    /* by path, what Landlock refuses from Linux 6.2 on; the store cuts what it has opened */
    C(truncate),
};

/* How a sanitizer stops the threads to look for leaks. */
static const int refused_if_not_sanitized[] = {C(ptrace), C(tkill)};

/* Their first argument is a process, and that is to be this one. */
static const int signalling[] = {C(kill), C(tgkill), C(rt_sigqueueinfo), C(rt_tgsigqueueinfo)};
/* clang-format on */

#define LOW 0xffffffffU /* the kernel looks at the lower half of an int; so does the filter */
#define IS(index, value)                                                                           \
    {                                                                                              \
        index, SCMP_CMP_MASKED_EQ, LOW, value                                                      \
    }
#define HAS(index, bits)                                                                           \
    {                                                                                              \
        index, SCMP_CMP_MASKED_EQ, bits, bits                                                      \
    }
#define LACKS(index, bits)                                                                         \
    {                                                                                              \
        index, SCMP_CMP_MASKED_EQ, bits, 0                                                         \
    }

struct refusal {
    int call;
    struct scmp_arg_cmp when;
};

static const struct refusal refused_when[] = {
    {C(mmap), HAS(2, PROT_WRITE | PROT_EXEC)},
    {C(mprotect), HAS(2, PROT_EXEC)},
    {C(pkey_mprotect), HAS(2, PROT_EXEC)},
    {C(ioctl), IS(1, TIOCSTI)},
    {C(ioctl), IS(1, TIOCLINUX)},
    {C(socket), {0, SCMP_CMP_GT, AF_NETLINK, 0}},
};

static const struct refusal refused_when_not_sanitized[] = {
    {C(clone), LACKS(0, CLONE_THREAD)},
    {C(prctl), IS(0, PR_SET_DUMPABLE)},
    {C(prctl), IS(0, PR_SET_PTRACER)},
};

static const uint32_t refuse = SCMP_ACT_ERRNO(EPERM);

/* libseccomp's errors are negative errno; the first is kept. */
static void keep(int *first, int result)
{
    *first = *first != 0 ? *first : result;
}

static void refuse_calls(scmp_filter_ctx filter, const int *calls, size_t count, int *failed)
{
    for (size_t i = 0; i < count; i++)
        keep(failed, seccomp_rule_add(filter, refuse, calls[i], 0));
}

static void refuse_some(scmp_filter_ctx filter, const struct refusal *some, size_t count,
                        int *failed)
{
    for (size_t i = 0; i < count; i++)
        keep(failed, seccomp_rule_add_array(filter, refuse, some[i].call, 1, &some[i].when));
}

/* Those above AF_NETLINK are in the table. */
static void refuse_old_sockets(scmp_filter_ctx filter, int *failed)
{
    for (int family = 0; family < AF_NETLINK; family++) {
        struct refusal old = {C(socket), IS(0, (scmp_datum_t)family)};
        if (family != AF_UNIX && family != AF_INET && family != AF_INET6)
            refuse_some(filter, &old, 1, failed);
    }
}

static void refuse_signals_to_others(scmp_filter_ctx filter, int *failed)
{
    for (size_t i = 0; i < COUNT(signalling); i++) {
        struct refusal other = {signalling[i], {0, SCMP_CMP_NE, (scmp_datum_t)getpid(), 0}};
        refuse_some(filter, &other, 1, failed);
    }
}

static int fill(scmp_filter_ctx filter)
{
    int failed = 0;
    keep(&failed, seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS));
    keep(&failed, seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1));
    /* Its flags are in memory, out of a filter's sight; the C library then uses clone. */
    keep(&failed, seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), C(clone3), 0));
    refuse_calls(filter, refused, COUNT(refused), &failed);
    refuse_some(filter, refused_when, COUNT(refused_when), &failed);
    refuse_old_sockets(filter, &failed);
    if (LOCKDOWN_SANITIZED)
        return failed;
    refuse_calls(filter, refused_if_not_sanitized, COUNT(refused_if_not_sanitized), &failed);
    refuse_some(filter, refused_when_not_sanitized, COUNT(refused_when_not_sanitized), &failed);
    refuse_signals_to_others(filter, &failed);
    return failed;
}

enum vg_code lockdown_calls(const struct lockdown_plan *plan, struct vg_error *said)
{
    (void)plan;
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    int failed = filter == NULL ? -ENOMEM : fill(filter);
    if (failed == 0)
        failed = seccomp_load(filter);
    seccomp_release(filter);
    if (failed == 0)
        return VG_OK;
    return vg_fail(
        said, VG_UNAVAILABLE,
        "this kernel takes no filter of system calls: %s; it needs CONFIG_SECCOMP_FILTER",
        strerror(-failed));
}
