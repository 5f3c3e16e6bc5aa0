/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>

#include "common/dial/link.h"

static const struct {
    const char *url;
    enum vg_code code;
} cases[] = {
    {"tcp://127.0.0.1:7101", VG_OK},
    {"tcp://127.255.0.9:1", VG_OK},
    {"tcp://[::1]:65535", VG_OK},
    {"ipc:///run/vigil/node.sock", VG_OK},
    {"", VG_INVALID},
    {"127.0.0.1:7101", VG_INVALID},
    {"http://127.0.0.1:7101", VG_INVALID},
    {"tcp://", VG_INVALID},
    {"tcp://127.0.0.1", VG_INVALID},
    {"tcp://127.0.0.1:", VG_INVALID},
    {"tcp://127.0.0.1:0", VG_INVALID},
    {"tcp://127.0.0.1:65536", VG_INVALID},
    {"tcp://127.0.0.1:71o1", VG_INVALID},
    {"tcp://127.0.0.1:7101/", VG_INVALID},
    {"tcp://:7101", VG_INVALID},
    {"tcp://0.0.0.0:7101", VG_OK},
    {"tcp://[::]:7101", VG_OK},
    {"tcp://10.1.2.3:7101", VG_OK},
    {"tcp://[2001:db8::1]:7101", VG_OK},
    {"tcp://localhost:7101", VG_OK},
    {"tcp://node-1.emea.example.org:7101", VG_OK},
    {"tcp://*:7101", VG_INVALID},
    {"tcp://10.1.2:7101", VG_INVALID},
    {"tcp://300.1.1.1:7101", VG_INVALID},
    {"tcp://[10.1.2.3]:7101", VG_INVALID},
    {"tcp://[2001:db8::1:7101", VG_INVALID},
    {"tcp://2001:db8::1:7101", VG_INVALID},
    {"tcp://node..example.org:7101", VG_INVALID},
    {"tcp://-node:7101", VG_INVALID},
    {"tcp://node.example.org.:7101", VG_INVALID},
    {"tcp://ada@node:7101", VG_INVALID},
    {"tcp://no de:7101", VG_INVALID},
    {"ipc://relative.sock", VG_INVALID},
    {"ipc://", VG_INVALID},
};

Test(dial_url, hosts_and_paths_pass)
{
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct vg_error error = {0};
        cr_expect_eq(dial_url_check(cases[i].url, &error), cases[i].code, "%s", cases[i].url);
        if (cases[i].code != VG_OK)
            cr_expect_eq(strncmp(error.text, cases[i].url, strlen(cases[i].url)), 0, "%s",
                         error.text);
    }
}

Test(dial_url, a_path_too_long_for_a_socket_is_refused)
{
    char url[256] = "ipc:///";
    memset(url + 7, 'x', 106);
    cr_assert_eq(dial_url_check(url, NULL), VG_OK);
    url[7 + 106] = 'x';
    cr_assert_eq(dial_url_check(url, NULL), VG_INVALID);
}
