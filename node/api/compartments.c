/* SPDX-License-Identifier: Apache-2.0 */
#include "node/api/compartments.h"

#include <stdio.h>

#include "common/text.h"
#include "proto/response/epochs.h"

static const char directory_name[] = "directory"; /* unless it is labelled otherwise */

static bool listed(const struct api_compartments *list, const vg_id *id)
{
    for (uint32_t i = 0; i < list->count; i++)
        if (vg_id_equal(&list->ids[i], id))
            return true;
    return false;
}

static void add(struct api_compartments *list, const vg_id *id)
{
    if (list->count < API_COMPARTMENTS_MAX && !listed(list, id))
        list->ids[list->count++] = *id;
}

void api_compartments_list(const struct response_machine *machine, struct api_compartments *out)
{
    vg_id id = {{0}};
    out->count = 0;
    add(out, &machine->genesis->directory);
    add(out, &machine->genesis->first);
    while (response_compartment_next(machine, &id, &id))
        add(out, &id);
}

void api_compartment_name(const struct response_machine *machine, const vg_id *id,
                          char out[VG_NAME_MAX + 1])
{
    if (response_name_get(machine, id, out))
        return;
    if (vg_id_equal(id, &machine->genesis->directory))
        snprintf(out, VG_NAME_MAX + 1, "%s", directory_name);
    else
        vg_id_format(id, out);
}

enum vg_code api_compartment_find(const struct response_machine *machine, const char *name,
                                  vg_id *out, struct vg_error *error)
{
    struct api_compartments all;
    if (response_compartment_find(machine, name, out))
        return VG_OK;
    api_compartments_list(machine, &all);
    if (vg_id_parse(name, out) && (listed(&all, out) || response_epoch_in_force(machine, out) > 0))
        return VG_OK;
    *out = machine->genesis->directory;
    if (strcmp(name, directory_name) == 0)
        return VG_OK;
    return vg_fail(error, VG_NOT_FOUND,
                   "there is no compartment \"%s\"; see vigil compartment list", name);
}
