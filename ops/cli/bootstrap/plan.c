/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/cli/bootstrap/plan.h"

#include <inttypes.h>
#include <stdlib.h>

#include "common/dial/link.h"
#include "common/file.h"
#include "common/limits.h"
#include "ops/cli/bootstrap/share.h"
#include "ops/cli/core/place.h"
#include "ops/cli/core/yaml.h"
#include "proto/response/words.h"

enum { PLAN_FILE_MAX = 256 * 1024, PATH_TEXT_MAX = 4095, ROLES_MAX = 32 };

#define TEXT(key, type, member, max)                                                               \
    CYAML_FIELD_STRING_PTR(key, CYAML_FLAG_POINTER, type, member, 1, max)
#define OPTIONAL_FLAG(key, member)                                                                 \
    CYAML_FIELD_BOOL(key, CYAML_FLAG_OPTIONAL, struct plan_person, member)

static const cyaml_schema_field_t node_fields[] = {
    TEXT("public", struct plan_node, public_file, PATH_TEXT_MAX),
    TEXT("region", struct plan_node, region, VG_NAME_MAX),
    TEXT("peer", struct plan_node, peer, CLI_URL_MAX),
    TEXT("client", struct plan_node, client, CLI_URL_MAX), CYAML_FIELD_END};

static const cyaml_schema_value_t node_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct plan_node, node_fields)};

static const cyaml_schema_value_t role_schema = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 1, VG_NAME_MAX)};

static const cyaml_schema_field_t person_fields[] = {
    TEXT("public", struct plan_person, public_file, PATH_TEXT_MAX),
    TEXT("name", struct plan_person, name, VG_NAME_MAX),
    OPTIONAL_FLAG("operator", operates),
    OPTIONAL_FLAG("key_officer", key_officer),
    OPTIONAL_FLAG("on_call", on_call),
    CYAML_FIELD_SEQUENCE("roles", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct plan_person,
                         roles, &role_schema, 0, ROLES_MAX),
    CYAML_FIELD_END};

static const cyaml_schema_value_t person_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct plan_person, person_fields)};

static const cyaml_schema_field_t plan_fields[] = {
    TEXT("compartment", struct plan, compartment, VG_NAME_MAX),
    CYAML_FIELD_STRING_PTR("recovery", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct plan,
                           recovery_file, 1, PATH_TEXT_MAX),
    CYAML_FIELD_SEQUENCE("nodes", CYAML_FLAG_POINTER, struct plan, nodes, &node_schema, 1,
                         VG_NODES_MAX),
    CYAML_FIELD_SEQUENCE("people", CYAML_FLAG_POINTER, struct plan, people, &person_schema, 1,
                         VG_PEOPLE_MAX),
    CYAML_FIELD_END};

static const cyaml_schema_value_t plan_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct plan, plan_fields)};

/* ---- public halves ----------------------------------------------------------------------------
 */

/* Where a file is that the plan names. Owned by the caller. */
static char *path_of(const char *plan, const char *file)
{
    char *folder = cli_folder_of(plan);
    char *path = file[0] == '/' ? vg_strdup(file) : cli_join(folder, file);
    free(folder);
    return path;
}

static enum vg_code read_recovery(const char *path, struct plan *plan, struct vg_error *error)
{
    if (plan->recovery_file == NULL)
        return vg_fail(error, VG_INVALID,
                       "%s: for which recovery key is all of it sealed? make one with 'vigil "
                       "recovery new', and write 'recovery: FILE' with its recovery.json",
                       path);
    char *file = path_of(path, plan->recovery_file);
    enum vg_code code = recovery_public_read(file, &plan->recovery, error);
    free(file);
    return code == VG_OK ? VG_OK : vg_error_prefix(error, "%s", path);
}

static enum vg_code read_identity(const char *plan, const char *file, enum vg_identity_kind kind,
                                  struct cli_public *out, struct vg_error *error)
{
    char *path = path_of(plan, file);
    enum vg_code code = cli_public_read(path, out, error);
    if (code == VG_OK && out->holder.kind != kind)
        code = vg_fail(error, VG_INVALID, "%s is the identity of a %s, and stands among the %s",
                       path, kind == VG_IDENTITY_NODE ? "person" : "node",
                       kind == VG_IDENTITY_NODE ? "nodes" : "people");
    if (code == VG_OK && kind == VG_IDENTITY_NODE && !out->has_unwraps)
        code = vg_fail(error, VG_INVALID,
                       "%s has no unwrap keys: the keyring was not beside the key; ask for what "
                       "'vigil identity show KEY -o json' prints where both are",
                       path);
    free(path);
    return code == VG_OK ? VG_OK : vg_error_prefix(error, "%s", plan);
}

/* Nobody listens where another does. */
static enum vg_code check_addresses(const char *path, const struct plan *plan,
                                    struct vg_error *error)
{
    const char *known[2 * VG_NODES_MAX];
    for (unsigned i = 0; i < 2 * plan->nodes_count; i++) {
        const struct plan_node *node = &plan->nodes[i / 2];
        known[i] = i % 2 == 0 ? node->peer : node->client;
        for (unsigned k = 0; k < i; k++)
            if (strcmp(known[k], known[i]) == 0)
                return vg_fail(error, VG_INVALID,
                               "%s: nodes: %s stands there twice; give each node two addresses of "
                               "its own",
                               path, known[i]);
    }
    return VG_OK;
}

static int by_id(const void *left, const void *right)
{
    uint64_t a = ((const struct plan_node *)left)->identity.holder.node.value;
    uint64_t b = ((const struct plan_node *)right)->identity.holder.node.value;
    return (a > b) - (a < b);
}

static enum vg_code read_nodes(const char *path, struct plan *plan, struct vg_error *error)
{
    for (unsigned i = 0; i < plan->nodes_count; i++) {
        struct plan_node *node = &plan->nodes[i];
        if (read_identity(path, node->public_file, VG_IDENTITY_NODE, &node->identity, error) !=
            VG_OK)
            return error->code;
        if (dial_url_check(node->peer, error) != VG_OK ||
            dial_url_check(node->client, error) != VG_OK)
            return vg_error_prefix(error, "%s: nodes", path);
    }
    if (check_addresses(path, plan, error) != VG_OK)
        return error->code;
    qsort(plan->nodes, plan->nodes_count, sizeof *plan->nodes, by_id);
    for (unsigned i = 1; i < plan->nodes_count; i++)
        if (by_id(&plan->nodes[i - 1], &plan->nodes[i]) == 0)
            return vg_fail(error, VG_INVALID, "%s: nodes: two have the number %" PRIu64, path,
                           plan->nodes[i].identity.holder.node.value);
    return VG_OK;
}

static enum vg_code read_roles(const char *path, struct plan_person *person, struct vg_error *error)
{
    for (unsigned i = 0; i < person->roles_count; i++) {
        uint32_t role = response_number(response_roles, person->roles[i]);
        if (role == 0)
            return vg_fail(error, VG_INVALID,
                           "%s: people: %s: '%s' is not a role; see vigil user "
                           "grant --help",
                           path, person->name, person->roles[i]);
        person->role_bits |= role;
    }
    return VG_OK;
}

/* That one differs from those before. */
static enum vg_code check_person(const char *path, const struct plan *plan, unsigned number,
                                 struct vg_error *error)
{
    const struct plan_person *person = &plan->people[number];
    for (unsigned i = 0; i < number; i++) {
        const struct plan_person *other = &plan->people[i];
        if (strcmp(other->name, person->name) == 0)
            return vg_fail(error, VG_INVALID, "%s: people: two are called %s", path, person->name);
        if (vg_id_equal(&other->identity.holder.person, &person->identity.holder.person))
            return vg_fail(error, VG_INVALID,
                           "%s: people: %s and %s are one person twice; %s and %s have the same id",
                           path, other->name, person->name, other->public_file,
                           person->public_file);
    }
    return VG_OK;
}

static enum vg_code read_people(const char *path, struct plan *plan, struct vg_error *error)
{
    bool operates = false;
    bool key_officer = false;
    for (unsigned i = 0; i < plan->people_count; i++) {
        struct plan_person *person = &plan->people[i];
        if (read_identity(path, person->public_file, VG_IDENTITY_PERSON, &person->identity,
                          error) != VG_OK ||
            read_roles(path, person, error) != VG_OK)
            return error->code;
        operates = operates || person->operates;
        key_officer = key_officer || person->key_officer;
        if (check_person(path, plan, i, error) != VG_OK)
            return error->code;
    }
    if (operates && key_officer)
        return VG_OK;
    return vg_fail(error, VG_INVALID, "%s: people: nobody is %s; write '%s: true' for one of them",
                   path, operates ? "key officer" : "operator",
                   operates ? "key_officer" : "operator");
}

enum vg_code plan_read(const char *path, struct plan **out, struct vg_error *error)
{
    struct vg_buffer bytes = {0};
    struct plan *plan = NULL;
    enum vg_code code = vg_file_read(path, PLAN_FILE_MAX, &bytes, error);
    if (code == VG_OK)
        code = cli_yaml_load(path, "the plan of a cluster", vg_buffer_span(&bytes), &plan_schema,
                             (void **)&plan, error);
    vg_buffer_free(&bytes);
    if (code == VG_OK)
        code = read_recovery(path, plan, error);
    if (code == VG_OK)
        code = read_nodes(path, plan, error);
    if (code == VG_OK)
        code = read_people(path, plan, error);
    if (code == VG_OK)
        *out = plan;
    else
        plan_free(plan);
    return code;
}

void plan_free(struct plan *plan)
{
    cli_yaml_free(&plan_schema, plan);
}
