/* SPDX-License-Identifier: Apache-2.0
 * vigild: options, configuration, readiness. */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/crypto.h"
#include "node/node.h"

static const char help[] =
    "vigild: one node of a Vigil cluster\n"
    "\n"
    "usage: vigild --config FILE          serve until SIGTERM or SIGINT\n"
    "       vigild --check-config FILE    check all that a start needs; change nothing\n"
    "       vigild --version | --help\n"
    "\n"
    "The configuration is YAML; docs/operating.md has its keys. SIGTERM hands leadership over,\n"
    "answers what is under way and ends. Exit codes: 0 done, 1 refused, 2 wrong words or\n"
    "configuration, 3 not possible now, 4 integrity, 70 the store cannot go on (its last line\n"
    "says why).\n"
    "\n"
    "example: vigild --check-config /etc/vigil/node.yaml\n";

struct call {
    const char *config;
    bool check_only;
    bool said; /* --help and --version are done */
};

static enum vg_code parse(int argc, char **argv, struct call *out, struct vg_error *error)
{
    static const struct option options[] = {{"config", required_argument, NULL, 'c'},
                                            {"check-config", required_argument, NULL, 'k'},
                                            {"version", no_argument, NULL, 'v'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    opterr = 0;
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        switch (option) {
        case 'c':
        case 'k':
            if (out->config != NULL)
                return vg_fail(error, VG_USAGE, "one configuration at a time; see vigild --help");
            out->config = optarg;
            out->check_only = option == 'k';
            break;
        case 'v':
            out->said = puts("vigild " VIGIL_VERSION) >= 0;
            break;
        case 'h':
            out->said = fputs(help, stdout) >= 0;
            break;
        default:
            return vg_fail(error, VG_USAGE, "cannot use %s; see vigild --help", argv[optind - 1]);
        }
    }
    if (optind < argc)
        return vg_fail(error, VG_USAGE, "unexpected \"%s\"; see vigild --help", argv[optind]);
    if (!out->said && out->config == NULL)
        return vg_fail(error, VG_USAGE, "no configuration; run: vigild --config FILE");
    return VG_OK;
}

/* Tells the service manager, where there is one (sd_notify(3)). */
static void notify(const char *state)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (path == NULL || strlen(path) >= sizeof address.sun_path)
        return;
    memcpy(address.sun_path, path, strlen(path));
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
    if (path[0] == '@')
        address.sun_path[0] = '\0';
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    if (sendto(fd, state, strlen(state), 0, (const struct sockaddr *)&address, size) < 0)
        vg_log(VG_LOG_WARN, "notify-failed", "socket=%s", path);
    close(fd);
}

static enum vg_code serve(const struct node_config *config, struct vg_error *error)
{
    struct node *node;
    if (node_open(config, &node, error) != VG_OK)
        return error->code;
    notify("READY=1");
    enum vg_code code = node_run(node, error);
    notify("STOPPING=1");
    node_close(node);
    vg_log(VG_LOG_INFO, "stopped", "node=%u", (unsigned)config->node);
    return code;
}

static enum vg_code run(const struct call *call, struct vg_error *error)
{
    struct node_config *config;
    if (node_config_read(call->config, &config, error) != VG_OK)
        return error->code;
    if (config->log_level != NULL)
        vg_log_threshold(*config->log_level);
    enum vg_code code = call->check_only ? VG_OK : node_make_data(config, error);
    if (code == VG_OK)
        code = node_lock_down(config, error);
    if (code == VG_OK)
        code = call->check_only ? node_check(config, error) : serve(config, error);
    if (code == VG_OK && call->check_only)
        printf("%s: good\n", call->config);
    node_config_free(config);
    return code;
}

int main(int argc, char **argv)
{
    struct call call = {0};
    struct vg_error error = {0};
    signal(SIGPIPE, SIG_IGN);
    setenv("UV_THREADPOOL_SIZE", "2", 1);
    vg_crypto_init();
    enum vg_code code = parse(argc, argv, &call, &error);
    if (code == VG_OK && !call.said)
        code = run(&call, &error);
    if (code != VG_OK)
        fprintf(stderr, "vigild: %s: %s\n", vg_code_name(code), error.text);
    return vg_code_exit(code);
}
