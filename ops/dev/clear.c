/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/dev/clear.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char form[] = "write NODE=COMPARTMENT,..., as in 1=acme,bolt,2=acme";

/* Those that every node is cleared for. */
static const char *const of_all[] = {"directory", "default"};

/* The number before '='; 0 if it is none of the nodes. */
static uint64_t node_of(const char *text, size_t size, uint32_t nodes)
{
    uint64_t node = 0;
    for (size_t i = 0; i < size && node <= nodes; i++) {
        if (text[i] < '0' || text[i] > '9')
            return 0;
        node = node * 10 + (uint64_t)(text[i] - '0');
    }
    return node <= nodes ? node : 0;
}

static struct dev_cleared *cleared_of(struct dev_clear *clear, const char *name, size_t size)
{
    for (uint32_t i = 0; i < clear->count; i++)
        if (strlen(clear->all[i].name) == size && memcmp(clear->all[i].name, name, size) == 0)
            return &clear->all[i];
    if (clear->count == DEV_CLEAR_MAX)
        return NULL;
    struct dev_cleared *added = &clear->all[clear->count++];
    *added = (struct dev_cleared){.node_count = 0};
    memcpy(added->name, name, size);
    return added;
}

static enum vg_code check_name(const char *name, size_t size, struct vg_error *error)
{
    if (size == 0 || size > VG_NAME_MAX)
        return vg_fail(error, VG_USAGE,
                       "--clear: a compartment's name has 1 to %d bytes, and \"%.*s\" has %zu; %s",
                       VG_NAME_MAX, size > 40 ? 40 : (int)size, name, size, form);
    for (size_t i = 0; i < sizeof of_all / sizeof *of_all; i++)
        if (strlen(of_all[i]) == size && memcmp(of_all[i], name, size) == 0)
            return vg_fail(error, VG_USAGE,
                           "--clear: every node is cleared for \"%s\"; name another compartment",
                           of_all[i]);
    return VG_OK;
}

static enum vg_code add(uint64_t node, const char *name, size_t size, struct dev_clear *clear,
                        struct vg_error *error)
{
    if (check_name(name, size, error) != VG_OK)
        return error->code;
    struct dev_cleared *one = cleared_of(clear, name, size);
    if (one == NULL)
        return vg_fail(error, VG_USAGE, "--clear: more than %d compartments; name fewer",
                       DEV_CLEAR_MAX);
    for (uint32_t i = 0; i < one->node_count; i++)
        if (one->nodes[i] == node)
            return VG_OK;
    one->nodes[one->node_count++] = node;
    return VG_OK;
}

enum vg_code dev_clear_parse(const char *text, uint32_t nodes, struct dev_clear *out,
                             struct vg_error *error)
{
    uint64_t node = 0; /* the last that was named */
    enum vg_code code = VG_OK;
    for (const char *at = text; code == VG_OK && at != NULL;) {
        size_t size = strcspn(at, ",");
        const char *equals = memchr(at, '=', size);
        const char *name = equals != NULL ? equals + 1 : at;
        const char *end = at + size;
        if (equals != NULL)
            node = node_of(at, (size_t)(equals - at), nodes);
        if (equals != NULL && node == 0)
            return vg_fail(error, VG_USAGE,
                           "--clear: \"%.*s\" is no node of this cluster, which has 1 to %" PRIu32
                           "; %s",
                           (int)(equals - at > 40 ? 40 : equals - at), at, nodes, form);
        if (node == 0)
            return vg_fail(error, VG_USAGE, "--clear: \"%.40s\" does not begin with NODE=; %s",
                           text, form);
        code = add(node, name, (size_t)(end - name), out, error);
        at = *end == ',' ? end + 1 : NULL;
    }
    return code;
}
