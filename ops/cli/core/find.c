/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/cli/core/find.h"

#include <ctype.h>
#include <strings.h>

#include "common/text.h"
#include "ops/cli/core/change.h"
#include "ops/cli/core/output.h"

/* The entry of a directory's list that a name or an id means; NULL if there is none. */
static const json_t *find_entry(const json_t *list, const char *name, vg_id *out)
{
    size_t i;
    json_t *entry;
    json_array_foreach(list, i, entry)
    {
        const char *id = cli_json_text(entry, "id");
        bool meant = strcmp(cli_json_text(entry, "name"), name) == 0 || strcasecmp(id, name) == 0;
        if (meant && vg_id_parse(id, out))
            return entry;
    }
    return NULL;
}

enum vg_code cli_compartment_find(struct cli_call *call, const char *name, vg_id *out)
{
    struct cli_author *author;
    enum vg_code code = cli_author_open(call, &author);
    if (code != VG_OK)
        return code;
    if (cli_compartment_name(call, name, &name) != VG_OK)
        return call->error.code;
    if (find_entry(json_object_get(author->names, "compartments"), name, out) != NULL)
        return VG_OK;
    return vg_fail(&call->error, VG_NOT_FOUND, "there is no compartment '%s'", name);
}

enum vg_code cli_person_find(struct cli_call *call, const char *name, vg_id *out)
{
    struct cli_author *author;
    enum vg_code code = cli_author_open(call, &author);
    if (code != VG_OK)
        return code;
    const char *meant = strcmp(name, "me") == 0 ? author->id : name;
    if (find_entry(json_object_get(author->names, "people"), meant, out) != NULL)
        return VG_OK;
    return vg_fail(&call->error, VG_NOT_FOUND, "there is no person '%s'; see vigil user list",
                   name);
}

const json_t *cli_person_entry(const json_t *people, const char *name)
{
    vg_id unused;
    return find_entry(people, name, &unused);
}

const json_t *cli_compartment_entry(const json_t *compartments, const char *name)
{
    vg_id unused;
    return find_entry(compartments, name, &unused);
}

const char *cli_person_name(const json_t *people, const char *id)
{
    const char *name = cli_json_text(cli_person_entry(people, id), "name");
    return name[0] != 0 ? name : id;
}

/* ---- parts -------------------------------------------------------------------------------------
 */

enum { PARTS_PAGE = 500 };

static enum vg_code find_number(struct cli_call *call, const char *incident, const char *kind,
                                const char *number, vg_id *out)
{
    json_t *parts = json_array();
    enum vg_code code = cli_query_all(call,
                                      json_pack("{s:s, s:s, s:s, s:i}", "query", "incident.parts",
                                                "id", incident, "kind", kind, "limit", PARTS_PAGE),
                                      "id", parts);
    bool found = false;
    for (size_t i = 0; i < json_array_size(parts) && !found; i++) {
        const json_t *part = json_array_get(parts, i);
        found = strcasecmp(cli_json_text(part, "number"), number) == 0 &&
                vg_id_parse(cli_json_text(part, "id"), out);
    }
    json_decref(parts);
    if (code == VG_OK && !found)
        code = vg_fail(&call->error, VG_NOT_FOUND, "incident %s has no %s in its %s", incident,
                       number, kind);
    return code;
}

enum vg_code cli_part_find(struct cli_call *call, const char *incident, const char *kind,
                           const char *name, vg_id *out)
{
    if (vg_id_parse(name, out))
        return VG_OK;
    if (incident != NULL && isalpha((unsigned char)name[0]) && isdigit((unsigned char)name[1]))
        return find_number(call, incident, kind, name, out);
    return vg_fail(&call->error, VG_USAGE,
                   "'%s' is neither an id nor a number such as T1, C1 or E1", name);
}
