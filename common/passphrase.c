/* SPDX-License-Identifier: Apache-2.0 */
#include "common/passphrase.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <termios.h>
#include <unistd.h>

#include "common/crypto.h"
#include "common/file.h"

vg_span vg_passphrase_span(const struct vg_passphrase *passphrase)
{
    return vg_span_of(passphrase->text, passphrase->size);
}

/* ---- a terminal without echo -------------------------------------------------------------------
 */

struct quiet {
    int fd;
    struct termios before;
    sigset_t signals;
};

/* The keys that would send a signal end the line instead: what was typed is then given up. */
static bool quiet_begin(struct quiet *quiet)
{
    sigset_t all;
    if (tcgetattr(quiet->fd, &quiet->before) != 0)
        return false;
    struct termios during = quiet->before;
    during.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK | ECHONL | ISIG);
    during.c_lflag |= ICANON;
    during.c_cc[VEOL] = during.c_cc[VINTR];
    during.c_cc[VEOL2] = during.c_cc[VQUIT];
    sigfillset(&all);
    sigdelset(&all, SIGTTIN); /* of job control: a program in the background waits here */
    sigdelset(&all, SIGTTOU);
    sigprocmask(SIG_BLOCK, &all, &quiet->signals);
    return tcsetattr(quiet->fd, TCSAFLUSH, &during) == 0;
}

static void quiet_end(const struct quiet *quiet)
{
    tcsetattr(quiet->fd, TCSAFLUSH, &quiet->before);
    sigprocmask(SIG_SETMASK, &quiet->signals, NULL);
}

static bool say(int fd, const char *text)
{
    return write(fd, text, strlen(text)) == (ssize_t)strlen(text);
}

/* A line with its end into `out`; false when it ends in another way. */
static bool read_line(int fd, struct vg_passphrase *out)
{
    out->size = 0;
    while (out->size <= VG_PASSPHRASE_MAX) {
        ssize_t got = read(fd, out->text + out->size, VG_PASSPHRASE_MAX + 1 - out->size);
        if (got <= 0)
            return false;
        out->size += (size_t)got;
        if (out->text[out->size - 1] == '\n')
            return true;
        if (out->size <= VG_PASSPHRASE_MAX)
            return false; /* by another key, or Ctrl-D */
    }
    return true; /* too long */
}

static enum vg_code check_line(struct vg_passphrase *out, const char *what, struct vg_error *error)
{
    if (out->size > 0 && out->text[out->size - 1] == '\n')
        out->size--;
    else if (out->size > VG_PASSPHRASE_MAX)
        return vg_fail(error, VG_INVALID, "%s: a passphrase has at most %d bytes", what,
                       VG_PASSPHRASE_MAX);
    out->text[out->size] = '\0';
    return VG_OK;
}

enum vg_code vg_passphrase_ask(const char *prompt, const char *remedy, struct vg_passphrase *out,
                               struct vg_error *error)
{
    struct quiet quiet = {.fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC)};
    if (quiet.fd < 0 || !quiet_begin(&quiet)) {
        if (quiet.fd >= 0)
            close(quiet.fd);
        return vg_fail(error, VG_UNAVAILABLE, "%s: there is no terminal to ask on; %s", prompt,
                       remedy);
    }
    bool read = say(quiet.fd, prompt) && say(quiet.fd, ": ") && read_line(quiet.fd, out);
    quiet_end(&quiet);
    say(quiet.fd, "\n");
    close(quiet.fd);
    if (!read)
        return vg_fail(error, VG_UNAVAILABLE, "%s: given up; nothing was done", prompt);
    return check_line(out, prompt, error);
}

enum vg_code vg_passphrase_check_new(const struct vg_passphrase *passphrase, struct vg_error *error)
{
    if (passphrase->size < VG_PASSPHRASE_MIN)
        return vg_fail(error, VG_INVALID, "a passphrase has at least %d bytes; nothing was done",
                       VG_PASSPHRASE_MIN);
    return VG_OK;
}

enum vg_code vg_passphrase_ask_new(const char *prompt, const char *remedy,
                                   struct vg_passphrase *out, struct vg_error *error)
{
    struct vg_passphrase again = {.size = 0};
    enum vg_code code = vg_passphrase_ask(prompt, remedy, out, error);
    if (code == VG_OK)
        code = vg_passphrase_check_new(out, error);
    if (code == VG_OK)
        code = vg_passphrase_ask("The same again", remedy, &again, error);
    if (code == VG_OK && !vg_span_equal(vg_passphrase_span(out), vg_passphrase_span(&again)))
        code = vg_fail(error, VG_INVALID, "the two passphrases differ; nothing was done");
    vg_wipe(&again, sizeof again);
    return code;
}

/* ---- a file ------------------------------------------------------------------------------------
 */

enum vg_code vg_passphrase_read(const char *path, unsigned forbidden, struct vg_passphrase *out,
                                struct vg_error *error)
{
    size_t size;
    enum vg_code code =
        vg_file_read_secret(path, forbidden, out->text, VG_PASSPHRASE_MAX + 1, &size, error);
    if (code != VG_OK)
        return code;
    const char *end = memchr(out->text, '\n', size);
    out->size = end != NULL ? (size_t)(end - out->text) : size;
    out->text[out->size] = '\0';
    if (out->size > 0 && out->size <= VG_PASSPHRASE_MAX)
        return VG_OK;
    return vg_fail(error, VG_INVALID,
                   "%s: its first line is not a passphrase of 1 to %d bytes; put one there", path,
                   VG_PASSPHRASE_MAX);
}
