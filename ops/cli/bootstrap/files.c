/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/cli/bootstrap/files.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/file.h"
#include "common/text.h"
#include "ops/cli/core/output.h"

enum { CLUSTER_FILE_MAX = 64 * 1024, PERMISSIONS = 0644 };

static const char format[] = "vigil-cluster 1";

/* ---- the cluster file --------------------------------------------------------------------------
 */

static json_t *describe_places(const struct cluster_file *file)
{
    json_t *nodes = json_array();
    for (uint32_t i = 0; i < file->genesis.member_count; i++) {
        const struct cluster_place *place = &file->places[i];
        json_array_append_new(nodes, json_pack("{s:I, s:s, s:s}", "id",
                                               (json_int_t)file->genesis.members[i].id.value,
                                               "peer", place->peer, "client", place->client));
    }
    return nodes;
}

enum vg_code cluster_file_write(const char *path, const struct cluster_file *file,
                                struct vg_error *error)
{
    uint8_t bytes[LEDGER_GENESIS_MAX];
    struct vg_buffer genesis = {0};
    if (access(path, F_OK) == 0)
        return vg_fail(error, VG_EXISTS, "%s is there already; name another file, or move it away",
                       path);
    vg_base64_format(vg_span_of(bytes, ledger_genesis_encode(&file->genesis, bytes)), &genesis);
    json_t *document =
        json_pack("{s:s, s:s%, s:o}", "format", format, "genesis", (const char *)genesis.data,
                  genesis.size, "nodes", describe_places(file));
    char *text = json_dumps(document, JSON_INDENT(2));
    enum vg_code code = vg_file_write(path, vg_span_text(text), PERMISSIONS, error);
    free(text);
    json_decref(document);
    vg_buffer_free(&genesis);
    return code;
}

static bool take_text(const json_t *object, const char *key, char *out, size_t size)
{
    const char *text = cli_json_text(object, key);
    snprintf(out, size, "%s", text);
    return text[0] != '\0' && strlen(text) < size;
}

/* A place for each member, in their order. */
static bool read_places(const json_t *nodes, struct cluster_file *out)
{
    bool good = json_array_size(nodes) == out->genesis.member_count;
    for (uint32_t i = 0; good && i < out->genesis.member_count; i++) {
        const json_t *node = json_array_get(nodes, i);
        struct cluster_place *place = &out->places[i];
        good = cli_json_number(node, "id") == out->genesis.members[i].id.value &&
               take_text(node, "peer", place->peer, sizeof place->peer) &&
               take_text(node, "client", place->client, sizeof place->client);
    }
    return good;
}

static enum vg_code compare(const char *path, const uint8_t *told, const vg_hash *cluster,
                            struct vg_error *error)
{
    char text[VG_FINGERPRINT_TEXT];
    if (told == NULL || memcmp(told, cluster->bytes, VG_FINGERPRINT_SIZE) == 0)
        return VG_OK;
    vg_fingerprint_format(cluster, text);
    return vg_fail(error, VG_INTEGRITY,
                   "%s is of the cluster %s, and you were told another; it was altered on its way, "
                   "or is another cluster's: ask its founder again, by voice",
                   path, text);
}

static enum vg_code read_genesis(const char *path, vg_span bytes, struct cluster_file *out,
                                 struct vg_error *error)
{
    enum vg_code code = ledger_genesis_decode(bytes, &out->genesis, error);
    if (code == VG_OK)
        code = ledger_genesis_check(&out->genesis, &vg_signer_ed25519, error);
    if (code == VG_OK && (out->genesis.flags & LEDGER_GENESIS_CLEAR) != 0)
        code = vg_fail(error, VG_INVALID,
                       "it lets entries be in clear, and no node starts from it; ask for one made "
                       "by 'vigil cluster init' of this release");
    return code == VG_OK ? VG_OK : vg_error_prefix(error, "%s", path);
}

static enum vg_code read_document(const char *path, const json_t *document, const uint8_t *told,
                                  struct cluster_file *out, struct vg_error *error)
{
    struct vg_buffer genesis = {0};
    vg_span text = vg_span_text(cli_json_text(document, "genesis"));
    enum vg_code code = VG_OK;
    if (strcmp(cli_json_text(document, "format"), format) != 0 || text.size == 0 ||
        !vg_base64_parse(text, &genesis))
        code = vg_fail(error, VG_INVALID,
                       "%s is not what 'vigil cluster init' of this release writes; ask for it "
                       "anew",
                       path);
    out->cluster = ledger_genesis_hash(vg_buffer_span(&genesis));
    if (code == VG_OK)
        code = compare(path, told, &out->cluster, error);
    if (code == VG_OK)
        code = read_genesis(path, vg_buffer_span(&genesis), out, error);
    if (code == VG_OK && !read_places(json_object_get(document, "nodes"), out))
        code = vg_fail(error, VG_INVALID,
                       "%s does not have two addresses for each node of its genesis; "
                       "ask for it anew",
                       path);
    vg_buffer_free(&genesis);
    return code;
}

enum vg_code cluster_file_read(const char *path, const uint8_t *told, struct cluster_file *out,
                               struct vg_error *error)
{
    struct vg_buffer bytes = {0};
    *out = (struct cluster_file){.places = {{.peer = ""}}};
    enum vg_code code = vg_file_read(path, CLUSTER_FILE_MAX, &bytes, error);
    if (code == VG_OK) {
        json_t *document =
            json_loadb((const char *)bytes.data, bytes.size, JSON_REJECT_DUPLICATES, NULL);
        code = read_document(path, document, told, out, error);
        json_decref(document);
    }
    vg_buffer_free(&bytes);
    return code;
}

/* ---- the configuration of a node ---------------------------------------------------------------
 */

/* A text in YAML's double quotes: JSON's are a subset of them. */
static void write_text(FILE *out, const char *key, const char *text)
{
    json_t *value = json_string(text);
    char *quoted = value != NULL ? json_dumps(value, JSON_ENCODE_ANY) : vg_strdup("\"\"");
    fprintf(out, "%s: %s\n", key, quoted);
    free(quoted);
    json_decref(value);
}

static void write_number(FILE *out, const char *key, uint32_t number)
{
    if (number > 0)
        fprintf(out, "%s: %" PRIu32 "\n", key, number);
}

static void write_node_file(const struct node_file *file, FILE *out)
{
    fprintf(out, "# Written by '%s'; see docs/operating.md\n", file->made_by);
    fprintf(out, "node: %" PRIu64 "\n", file->nodes[file->self].id);
    write_text(out, "region", file->nodes[file->self].region);
    write_text(out, "data", file->data);
    write_text(out, "genesis", file->genesis);
    write_text(out, "cluster", file->cluster);
    write_text(out, "key", file->key);
    fprintf(out, "listen:\n");
    write_text(out, "  peer", file->nodes[file->self].peer);
    write_text(out, "  client", file->nodes[file->self].client);
    fprintf(out, "peers:%s\n", file->count == 1 ? " []" : "");
    for (uint32_t i = 0; i < file->count; i++) {
        if (i == file->self)
            continue;
        fprintf(out, "  - node: %" PRIu64 "\n", file->nodes[i].id);
        write_text(out, "    region", file->nodes[i].region);
        write_text(out, "    peer", file->nodes[i].peer);
        write_text(out, "    client", file->nodes[i].client);
    }
    write_number(out, "election_timeout_ms", file->election_timeout_ms);
    write_number(out, "heartbeat_ms", file->heartbeat_ms);
}

enum vg_code node_file_write(const char *path, const struct node_file *file, struct vg_error *error)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL)
        return vg_fail(error, VG_UNAVAILABLE, "out of memory");
    write_node_file(file, out);
    fclose(out);
    enum vg_code code = vg_file_write(path, vg_span_of(text, size), PERMISSIONS, error);
    free(text);
    return code;
}
