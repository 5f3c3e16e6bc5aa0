/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <sys/un.h>

#include "common/dial/link.h"

enum { HOST_MAX = 254, PORT_MAX = 65535, PORT_DIGITS = 5 };

/* Letters, digits and hyphens, and dots between them. */
static bool is_name(const char *host)
{
    bool within = false;
    for (const char *at = host; *at != '\0'; at++) {
        bool inner = isalnum((unsigned char)*at) || (*at == '-' && within);
        if (!inner && (*at != '.' || !within))
            return false;
        within = *at != '.';
    }
    return within;
}

/* What looks like a number is one, and no name. */
static bool host_valid(const char *host, size_t size)
{
    char text[HOST_MAX] = {0};
    struct in6_addr v6;
    struct in_addr v4;
    if (size == 0 || size >= sizeof text)
        return false;
    memcpy(text, host, size);
    if (text[0] == '[' && text[size - 1] == ']') {
        text[size - 1] = '\0';
        return inet_pton(AF_INET6, text + 1, &v6) == 1;
    }
    if (strspn(text, "0123456789.") == size)
        return inet_pton(AF_INET, text, &v4) == 1;
    return is_name(text);
}

static bool port_valid(const char *port)
{
    size_t digits = strlen(port);
    if (digits == 0 || digits > PORT_DIGITS)
        return false;
    for (const char *at = port; *at != '\0'; at++)
        if (!isdigit((unsigned char)*at))
            return false;
    long number = strtol(port, NULL, 10);
    return number > 0 && number <= PORT_MAX;
}

static enum vg_code check_tcp(const char *url, const char *rest, struct vg_error *error)
{
    const char *colon = strrchr(rest, ':');
    if (colon == NULL || !port_valid(colon + 1))
        return vg_fail(error, VG_INVALID,
                       "%s: no port from 1 to %d; write it as tcp://127.0.0.1:7101", url, PORT_MAX);
    if (!host_valid(rest, (size_t)(colon - rest)))
        return vg_fail(error, VG_INVALID,
                       "%s: not a host; write a name, 192.0.2.1 or [2001:db8::1]", url);
    return VG_OK;
}

static enum vg_code check_ipc(const char *url, const char *path, struct vg_error *error)
{
    size_t max = sizeof(((struct sockaddr_un *)0)->sun_path) - 1;
    if (path[0] != '/')
        return vg_fail(error, VG_INVALID, "%s: the path must be absolute: ipc:///PATH", url);
    if (strlen(path) > max)
        return vg_fail(error, VG_INVALID, "%s: the path has more than %zu bytes; use a shorter one",
                       url, max);
    return VG_OK;
}

enum vg_code dial_url_check(const char *url, struct vg_error *error)
{
    static const char tcp[] = "tcp://";
    static const char ipc[] = "ipc://";
    if (strncmp(url, tcp, sizeof tcp - 1) == 0)
        return check_tcp(url, url + sizeof tcp - 1, error);
    if (strncmp(url, ipc, sizeof ipc - 1) == 0)
        return check_ipc(url, url + sizeof ipc - 1, error);
    return vg_fail(error, VG_INVALID,
                   "%s: not an address of a node; use tcp://HOST:PORT or ipc:///PATH", url);
}
