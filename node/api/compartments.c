/* SPDX-License-Identifier: Apache-2.0 */
#include "node/api/compartments.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "common/text.h"
#include "node/api/api.h"
#include "proto/response/shred.h"
#include "proto/response/standing.h"

bool api_compartments_have(const struct api_compartments *list, const vg_id *id)
{
    for (uint32_t i = 0; i < list->count; i++)
        if (vg_id_equal(&list->ids[i], id))
            return true;
    return false;
}

static void add(struct api_compartments *list, const vg_id *id)
{
    if (api_compartments_have(list, id))
        return;
    assert(list->count < API_COMPARTMENTS_MAX); /* the rules let there be no more */
    list->ids[list->count++] = *id;
}

void api_compartments_all(const struct response_machine *machine, struct api_compartments *out)
{
    vg_id id = {{0}};
    out->count = 0;
    add(out, &machine->genesis->directory);
    add(out, &machine->genesis->first);
    while (response_compartment_next(machine, &id, &id))
        add(out, &id);
}

/* Keeps those that `wanted` wants, with what the asker sees of each. */
static void keep(const struct response_machine *machine, const vg_id *asker,
                 struct api_compartments *list,
                 bool (*wanted)(const struct response_machine *machine, const vg_id *asker,
                                const vg_id *id, enum response_sight sight))
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < list->count; i++) {
        enum response_sight sight = response_sight_of(machine, asker, &list->ids[i]);
        if (!wanted(machine, asker, &list->ids[i], sight))
            continue;
        list->ids[count] = list->ids[i];
        list->sights[count++] = sight;
    }
    list->count = count;
}

static bool is_known(const struct response_machine *machine, const vg_id *asker, const vg_id *id,
                     enum response_sight sight)
{
    (void)sight;
    return response_knows_compartment(machine, asker, id);
}

static bool is_seen(const struct response_machine *machine, const vg_id *asker, const vg_id *id,
                    enum response_sight sight)
{
    (void)machine;
    (void)asker;
    (void)id;
    return sight > RESPONSE_SEES_NOTHING;
}

static bool is_seen_here(const struct response_machine *machine, const vg_id *asker,
                         const vg_id *id, enum response_sight sight)
{
    return is_seen(machine, asker, id, sight) && response_is_served(machine, id);
}

void api_compartments_known(const struct response_machine *machine, const vg_id *asker,
                            struct api_compartments *out)
{
    api_compartments_all(machine, out);
    keep(machine, asker, out, is_known);
}

void api_compartments_seen(const struct response_machine *machine, const vg_id *asker,
                           struct api_compartments *out)
{
    api_compartments_all(machine, out);
    keep(machine, asker, out, is_seen);
}

void api_compartments_level(const struct response_machine *machine, const vg_id *asker,
                            struct api_compartments *out)
{
    api_compartments_all(machine, out);
    keep(machine, asker, out, is_seen_here);
}

void api_compartment_name(const struct response_machine *machine, const vg_id *id,
                          char out[VG_NAME_MAX + 1])
{
    if (response_name_get(machine, id, out))
        return;
    if (vg_id_equal(id, &machine->genesis->directory))
        snprintf(out, VG_NAME_MAX + 1, RESPONSE_DIRECTORY_NAME);
    else
        vg_id_format(id, out);
}

void api_compartment_name_for(const struct response_machine *machine, const vg_id *asker,
                              const vg_id *id, char out[VG_NAME_MAX + 1])
{
    if (response_knows_compartment(machine, asker, id))
        api_compartment_name(machine, id, out);
    else
        vg_id_format(id, out);
}

static bool find_name(const struct response_machine *machine, const struct api_compartments *known,
                      const char *name, vg_id *out)
{
    bool found = false;
    for (uint32_t i = 0; i < known->count && !found; i++) {
        char own[VG_NAME_MAX + 1];
        api_compartment_name(machine, &known->ids[i], own);
        found = strcmp(own, name) == 0;
        *out = known->ids[i];
    }
    return found;
}

/* One that has a key and no name yet is known to who is about to name it. */
static bool is_sealed(const struct response_machine *machine, const vg_id *asker, const vg_id *id)
{
    return response_manages(machine, asker) && response_epoch_in_force(machine, id) > 0;
}

enum vg_code api_compartment_find(const struct response_machine *machine, const vg_id *asker,
                                  const char *name, vg_id *out, struct vg_error *error)
{
    struct api_compartments known;
    api_compartments_known(machine, asker, &known);
    if (find_name(machine, &known, name, out) ||
        (vg_id_parse(name, out) &&
         (api_compartments_have(&known, out) || is_sealed(machine, asker, out))))
        return VG_OK;
    *out = machine->genesis->directory;
    if (strcmp(name, RESPONSE_DIRECTORY_NAME) == 0)
        return VG_OK;
    return vg_fail(error, VG_NOT_FOUND,
                   "there is no compartment \"%s\" in which you have a role; see vigil compartment "
                   "list",
                   name);
}

/* ---- reading -----------------------------------------------------------------------------------
 */

enum vg_code api_not_level(const char *compartment, const vg_node_id *holders, uint32_t count,
                           struct vg_error *error)
{
    char names[VG_NODES_MAX * 24] = "no node";
    size_t size = 0;
    for (uint32_t i = 0; i < count; i++)
        size += (size_t)snprintf(names + size, sizeof names - size, "%snode %" PRIu64,
                                 i == 0 ? "" : ", ", holders[i].value);
    return vg_fail(
        error, VG_UNAVAILABLE,
        "this node does not serve compartment %s; cleared for it: %s; ask there (--node); "
        "see vigil cluster status",
        compartment, names);
}

enum vg_code api_is_shredded(const char *compartment, uint64_t index, struct vg_error *error)
{
    return vg_fail(error, VG_FORBIDDEN,
                   "compartment %s was shredded with entry %" PRIu64
                   ": nothing of it is read or written any more; see vigil compartment show",
                   compartment, index);
}

static enum vg_code name_the_cleared(const struct response_machine *machine, const vg_id *id,
                                     struct vg_error *error)
{
    vg_node_id holders[VG_NODES_MAX];
    uint32_t count = response_epoch_nodes(machine, id, holders);
    char name[VG_NAME_MAX + 1];
    uint64_t shredded = response_shredded_at(machine, id);
    api_compartment_name(machine, id, name);
    return shredded > 0 ? api_is_shredded(name, shredded, error)
                        : api_not_level(name, holders, count, error);
}

enum vg_code api_compartment_open(const struct response_machine *machine, const vg_id *asker,
                                  const char *name, enum response_sight least, vg_id *out,
                                  struct vg_error *error)
{
    if (api_compartment_find(machine, asker, name, out, error) != VG_OK)
        return error->code;
    if (response_sight_of(machine, asker, out) < least)
        return vg_fail(error, VG_FORBIDDEN,
                       "you have no role that reads this of compartment %s; an operator can give "
                       "you one: vigil user grant",
                       name);
    return response_is_served(machine, out) ? VG_OK : name_the_cleared(machine, out, error);
}

enum vg_code api_compartments_read(const struct response_machine *machine,
                                   const struct api_query *query, enum response_sight least,
                                   struct api_compartments *out, struct vg_error *error)
{
    struct api_compartments level;
    vg_id one;
    bool names_one = query->compartment[0] != '\0';
    if (names_one && api_compartment_open(machine, &query->asker, query->compartment, least, &one,
                                          error) != VG_OK)
        return error->code;
    api_compartments_level(machine, &query->asker, &level);
    out->count = 0;
    for (uint32_t i = 0; i < level.count; i++) {
        if (level.sights[i] < least || (names_one && !vg_id_equal(&level.ids[i], &one)))
            continue;
        out->ids[out->count] = level.ids[i];
        out->sights[out->count++] = level.sights[i];
    }
    return VG_OK;
}

/* Those of them that anybody can still read. */
static uint32_t read_by_somebody(const struct response_machine *machine,
                                 const struct api_compartments *all)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < all->count; i++)
        count += response_shredded_at(machine, &all->ids[i]) == 0;
    return count;
}

enum vg_code api_none_here(const struct response_machine *machine, const vg_id *asker,
                           const char *what, const vg_id *id, struct vg_error *error)
{
    struct api_compartments seen;
    struct api_compartments level;
    char text[VG_ID_TEXT];
    api_compartments_seen(machine, asker, &seen);
    api_compartments_level(machine, asker, &level);
    vg_id_format(id, text);
    if (level.count == read_by_somebody(machine, &seen))
        return vg_fail(error, VG_NOT_FOUND, "there is no %s %s%s", what, text,
                       level.count < seen.count ? " that anybody can read" : "");
    return vg_fail(error, VG_UNAVAILABLE,
                   "there is no %s %s in the %u of your %u compartments that this node serves; ask "
                   "another (--node); see vigil cluster status",
                   what, text, level.count, seen.count);
}
