/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/cli/bootstrap/paper.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/file.h"
#include "common/identity.h"
#include "ops/cli/core/output.h"
#include "ops/cli/core/public.h"

enum { PAPER_MAX = 16 * 1024 };

static const char *const formats[] = {
    [RECOVERY_REQUEST] = "vigil-recovery-request 1",
    [RECOVERY_EPOCH] = "vigil-recovery-epoch 1",
};
static const char *const makers[] = {
    [RECOVERY_REQUEST] = "vigil recovery request",
    [RECOVERY_EPOCH] = "vigil recovery open",
};

/* ---- writing -----------------------------------------------------------------------------------
 */

static json_t *describe_offer(const struct recovery_offer *offer)
{
    return json_pack("{s:I, s:o, s:o, s:o}", "node", (json_int_t)offer->node.value, "key",
                     cli_json_hex(&offer->key, sizeof offer->key), "unwrap_key",
                     cli_json_hex(&offer->unwrap.key, sizeof offer->unwrap.key), "unwrap_binding",
                     cli_json_hex(&offer->unwrap.binding, sizeof offer->unwrap.binding));
}

static json_t *describe(enum recovery_paper_kind kind, const struct recovery_paper *paper)
{
    uint8_t bytes[COMPARTMENT_EPOCH_MAX];
    struct vg_buffer record = {0};
    json_t *offers = json_array();
    for (uint32_t i = 0; i < paper->count; i++)
        json_array_append_new(offers, describe_offer(&paper->offers[i]));
    vg_base64_format(vg_span_of(bytes, compartment_epoch_encode(&paper->epoch, bytes)), &record);
    json_t *out =
        json_pack("{s:s, s:o, s:o, s:s, s:s%, s:o}", "format", formats[kind], "cluster",
                  cli_json_hex(&paper->cluster, sizeof paper->cluster), "place",
                  cli_json_hex(&paper->place, sizeof paper->place), "compartment", paper->name,
                  "record", (const char *)record.data, record.size, "offers", offers);
    vg_buffer_free(&record);
    return out;
}

static vg_hash hash_of(vg_span bytes)
{
    return vg_sha256(bytes);
}

enum vg_code recovery_paper_write(const char *path, enum recovery_paper_kind kind,
                                  const struct recovery_paper *paper,
                                  char fingerprint[VG_FINGERPRINT_TEXT], struct vg_error *error)
{
    if (access(path, F_OK) == 0)
        return vg_fail(error, VG_EXISTS, "%s is there already; name another file, or move it away",
                       path);
    json_t *document = describe(kind, paper);
    char *text = json_dumps(document, JSON_INDENT(2));
    vg_hash hash = hash_of(vg_span_text(text));
    enum vg_code code = vg_file_write(path, vg_span_text(text), 0600, error);
    vg_fingerprint_format(&hash, fingerprint);
    free(text);
    json_decref(document);
    return code;
}

/* ---- reading -----------------------------------------------------------------------------------
 */

static bool take_hex(const json_t *object, const char *key, void *out, size_t size)
{
    return vg_hex_parse(cli_json_text(object, key), out, size);
}

static bool take_record(const json_t *document, struct compartment_epoch *out)
{
    struct vg_buffer bytes = {0};
    bool good = vg_base64_parse(vg_span_text(cli_json_text(document, "record")), &bytes) &&
                compartment_epoch_decode(vg_buffer_span(&bytes), out, NULL) == VG_OK;
    vg_buffer_free(&bytes);
    return good;
}

static bool take_offers(const json_t *offers, struct recovery_paper *out)
{
    bool good = json_array_size(offers) >= 1 && json_array_size(offers) <= VG_NODES_MAX;
    for (size_t i = 0; good && i < json_array_size(offers); i++) {
        const json_t *row = json_array_get(offers, i);
        struct recovery_offer *offer = &out->offers[out->count++];
        offer->node.value = cli_json_number(row, "node");
        offer->unwrap.compartment = out->epoch.compartment;
        good =
            offer->node.value > (i > 0 ? out->offers[i - 1].node.value : 0) &&
            take_hex(row, "key", &offer->key, sizeof offer->key) &&
            take_hex(row, "unwrap_key", &offer->unwrap.key, sizeof offer->unwrap.key) &&
            take_hex(row, "unwrap_binding", &offer->unwrap.binding, sizeof offer->unwrap.binding);
    }
    return good;
}

static bool take(const json_t *document, enum recovery_paper_kind kind, struct recovery_paper *out)
{
    const char *name = cli_json_text(document, "compartment");
    snprintf(out->name, sizeof out->name, "%s", name);
    return strcmp(cli_json_text(document, "format"), formats[kind]) == 0 && name[0] != '\0' &&
           strlen(name) < sizeof out->name &&
           take_hex(document, "cluster", &out->cluster, sizeof out->cluster) &&
           take_hex(document, "place", &out->place, sizeof out->place) &&
           take_record(document, &out->epoch) &&
           take_offers(json_object_get(document, "offers"), out);
}

static enum vg_code check(const char *path, const struct recovery_paper *paper,
                          struct vg_error *error)
{
    for (uint32_t i = 0; i < paper->count; i++) {
        const struct recovery_offer *offer = &paper->offers[i];
        if (!vg_unwrap_verify(&vg_signer_ed25519, &offer->unwrap, offer->node, &offer->key))
            return vg_fail(error, VG_INTEGRITY,
                           "%s: the unwrap key of node %" PRIu64 " is not signed by that node; it "
                           "was altered on its way: carry it anew",
                           path, offer->node.value);
    }
    return VG_OK;
}

static enum vg_code compare(const char *path, vg_span bytes, const uint8_t *told,
                            struct vg_error *error)
{
    char text[VG_FINGERPRINT_TEXT];
    vg_hash hash = hash_of(bytes);
    if (told == NULL || memcmp(told, hash.bytes, VG_FINGERPRINT_SIZE) == 0)
        return VG_OK;
    vg_fingerprint_format(&hash, text);
    return vg_fail(error, VG_INTEGRITY,
                   "the fingerprint of %s is %s, not what you were told; it was altered on its "
                   "way: carry it anew",
                   path, text);
}

enum vg_code recovery_paper_read(const char *path, enum recovery_paper_kind kind,
                                 const uint8_t *told, struct recovery_paper *out,
                                 struct vg_error *error)
{
    struct vg_buffer bytes = {0};
    *out = (struct recovery_paper){.count = 0};
    enum vg_code code = vg_file_read(path, PAPER_MAX, &bytes, error);
    if (code == VG_OK)
        code = compare(path, vg_buffer_span(&bytes), told, error);
    if (code == VG_OK) {
        json_t *document =
            json_loadb((const char *)bytes.data, bytes.size, JSON_REJECT_DUPLICATES, NULL);
        if (!take(document, kind, out))
            code = vg_fail(error, VG_INVALID, "%s is not what '%s' writes", path, makers[kind]);
        json_decref(document);
    }
    vg_buffer_free(&bytes);
    return code == VG_OK ? check(path, out, error) : code;
}

/* ---- the next epoch ----------------------------------------------------------------------------
 */

static enum vg_code wrap(struct recovery_paper *out, const vg_cipher_key *key, vg_node_id holder,
                         const vg_box_public *unwrap, struct vg_error *error)
{
    uint8_t seed[VG_SEED_SIZE];
    vg_random(seed, sizeof seed);
    enum vg_code code =
        compartment_epoch_wrap(&out->epoch, &out->cluster, key, holder, unwrap, seed, error);
    vg_wipe(seed, sizeof seed);
    return code;
}

static enum vg_code make_next(const struct recovery_paper *request, const vg_cipher_key *before,
                              struct recovery_paper *out, struct vg_error *error)
{
    const vg_node_id recovery = {COMPARTMENT_RECOVERY};
    const vg_box_public *unwrap = &compartment_wrap_of(&request->epoch, recovery)->unwrap;
    vg_cipher_key key;
    vg_random(key.bytes, sizeof key.bytes);
    compartment_epoch_begin(&out->epoch, &out->cluster, &request->epoch.compartment,
                            &request->epoch, before, &key);
    enum vg_code code = wrap(out, &key, recovery, unwrap, error);
    for (uint32_t i = 0; code == VG_OK && i < out->count; i++)
        code = wrap(out, &key, out->offers[i].node, &out->offers[i].unwrap.key, error);
    vg_wipe(&key, sizeof key);
    return code;
}

enum vg_code recovery_paper_answer(const struct recovery_paper *request,
                                   const vg_box_secret *secret, struct recovery_paper *out,
                                   struct vg_error *error)
{
    const vg_node_id recovery = {COMPARTMENT_RECOVERY};
    vg_cipher_key before;
    *out = *request;
    enum vg_code code =
        compartment_unwrap(&request->epoch, &request->place, recovery, secret, &before, error);
    if (code != VG_OK)
        return vg_fail(error, VG_INTEGRITY,
                       "the key of %s does not open with the recovery key of these shares; bring "
                       "those of the key that vigil compartment show has under -",
                       request->name);
    code = make_next(request, &before, out, error);
    vg_wipe(&before, sizeof before);
    return code;
}
