/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/compartment/epoch.h"

#include <assert.h>
#include <inttypes.h>

#include "common/bytes.h"
#include "common/text.h"

enum { RECORD_VERSION = 2 };

static vg_span u64_bytes(uint64_t value, uint8_t out[8])
{
    struct vg_writer writer = vg_writer_of(out, 8);
    vg_write_u64(&writer, value);
    return vg_span_of(out, 8);
}

/* ---- commitment and wraps ----------------------------------------------------------------------
 */

static vg_hash commitment_of(const struct compartment_epoch *epoch, const vg_hash *cluster,
                             const vg_cipher_key *key)
{
    uint8_t number[8];
    vg_span parts[] = {
        vg_span_of(cluster->bytes, sizeof cluster->bytes),
        vg_span_of(epoch->compartment.bytes, sizeof epoch->compartment.bytes),
        u64_bytes(epoch->epoch, number),
        vg_span_of(key->bytes, sizeof key->bytes),
    };
    return vg_hash_parts(VG_HASH_DATA_KEY, parts, sizeof parts / sizeof parts[0]);
}

/* A wrap that is moved to another place has another nonce there, and does not open. */
static vg_hash nonce_of(const struct compartment_epoch *epoch, const vg_hash *cluster,
                        const struct compartment_wrap *wrap)
{
    uint8_t number[8];
    uint8_t holder[8];
    vg_span parts[] = {
        vg_span_of(cluster->bytes, sizeof cluster->bytes),
        vg_span_of(epoch->compartment.bytes, sizeof epoch->compartment.bytes),
        u64_bytes(epoch->epoch, number),
        u64_bytes(wrap->holder.value, holder),
        vg_span_of(wrap->unwrap.bytes, sizeof wrap->unwrap.bytes),
        vg_span_of(wrap->ephemeral.bytes, sizeof wrap->ephemeral.bytes),
    };
    return vg_hash_parts(VG_HASH_WRAP_NONCE, parts, sizeof parts / sizeof parts[0]);
}

/* No random part: a data key seals one chain, that of its own epoch. */
static vg_hash chain_nonce_of(const struct compartment_epoch *epoch, const vg_hash *cluster)
{
    uint8_t number[8];
    vg_span parts[] = {
        vg_span_of(cluster->bytes, sizeof cluster->bytes),
        vg_span_of(epoch->compartment.bytes, sizeof epoch->compartment.bytes),
        u64_bytes(epoch->epoch, number),
    };
    return vg_hash_parts(VG_HASH_CHAIN_NONCE, parts, sizeof parts / sizeof parts[0]);
}

void compartment_epoch_begin(struct compartment_epoch *out, const vg_hash *cluster,
                             const vg_id *compartment, const struct compartment_epoch *in_force,
                             const vg_cipher_key *before, const vg_cipher_key *key)
{
    static const struct compartment_epoch none;
    const struct compartment_epoch *last = in_force != NULL ? in_force : &none;
    assert(last->epoch > 0 || before == NULL);
    *out = (struct compartment_epoch){
        .compartment = *compartment, .epoch = last->epoch + 1, .previous = last->commitment};
    out->commitment = commitment_of(out, cluster, key);
    if (before == NULL)
        return;
    vg_hash nonce = chain_nonce_of(out, cluster);
    vg_cipher_seal(key, nonce.bytes, (vg_span){0}, vg_span_of(before->bytes, sizeof before->bytes),
                   out->chain);
}

enum vg_code compartment_epoch_wrap(struct compartment_epoch *epoch, const vg_hash *cluster,
                                    const vg_cipher_key *key, vg_node_id holder,
                                    const vg_box_public *unwrap, const uint8_t seed[VG_SEED_SIZE],
                                    struct vg_error *error)
{
    uint32_t place = epoch->wrap_count;
    assert(place < COMPARTMENT_WRAPS_MAX);
    assert(place == 0 || epoch->wraps[place - 1].holder.value < holder.value);
    struct compartment_wrap *wrap = &epoch->wraps[place];
    vg_box_secret ephemeral;
    *wrap = (struct compartment_wrap){.holder = holder, .unwrap = *unwrap};
    vg_box_keypair(seed, &wrap->ephemeral, &ephemeral);
    vg_hash nonce = nonce_of(epoch, cluster, wrap);
    bool sealed = vg_box_seal(unwrap, &ephemeral, nonce.bytes,
                              vg_span_of(key->bytes, sizeof key->bytes), wrap->box);
    vg_wipe(&ephemeral, sizeof ephemeral);
    if (!sealed)
        return vg_fail(error, VG_INVALID,
                       "the unwrap key of holder %" PRIu64 " is none that a key can be sealed to",
                       holder.value);
    epoch->wrap_count++;
    return VG_OK;
}

const struct compartment_wrap *compartment_wrap_of(const struct compartment_epoch *epoch,
                                                   vg_node_id holder)
{
    for (uint32_t i = 0; i < epoch->wrap_count; i++) {
        if (vg_node_equal(epoch->wraps[i].holder, holder))
            return &epoch->wraps[i];
    }
    return NULL;
}

/* Whether it is what the epoch commits to; if not, it is wiped. */
static bool is_committed(const struct compartment_epoch *epoch, const vg_hash *cluster,
                         vg_cipher_key *key)
{
    vg_hash found = commitment_of(epoch, cluster, key);
    bool committed = vg_hash_equal(&found, &epoch->commitment);
    if (!committed)
        vg_wipe(key, sizeof *key);
    return committed;
}

/* Why a holder has no key: whose it is, and of which epoch. */
static enum vg_code unwrap_failed(const struct compartment_epoch *epoch, vg_node_id holder,
                                  enum vg_code code, const char *why, struct vg_error *error)
{
    char compartment[VG_ID_TEXT];
    vg_id_format(&epoch->compartment, compartment);
    return vg_fail(error, code, "compartment %s, epoch %" PRIu64 ", holder %" PRIu64 ": %s",
                   compartment, epoch->epoch, holder.value, why);
}

enum vg_code compartment_unwrap(const struct compartment_epoch *epoch, const vg_hash *cluster,
                                vg_node_id holder, const vg_box_secret *secret, vg_cipher_key *out,
                                struct vg_error *error)
{
    const struct compartment_wrap *wrap = compartment_wrap_of(epoch, holder);
    *out = (vg_cipher_key){{0}};
    if (wrap == NULL)
        return unwrap_failed(epoch, holder, VG_NOT_FOUND, "has no wrap", error);
    vg_hash nonce = nonce_of(epoch, cluster, wrap);
    if (!vg_box_open(secret, &wrap->ephemeral, nonce.bytes, vg_span_of(wrap->box, sizeof wrap->box),
                     out->bytes))
        return unwrap_failed(epoch, holder, VG_INTEGRITY,
                             "its wrap does not open with the unwrap secret here", error);
    if (is_committed(epoch, cluster, out))
        return VG_OK;
    return unwrap_failed(epoch, holder, VG_INTEGRITY,
                         "its wrap opens to another key than the epoch commits to", error);
}

static enum vg_code chain_failed(const struct compartment_epoch *epoch, const char *why,
                                 struct vg_error *error)
{
    char compartment[VG_ID_TEXT];
    vg_id_format(&epoch->compartment, compartment);
    return vg_fail(error, VG_INTEGRITY, "compartment %s, epoch %" PRIu64 ": %s", compartment,
                   epoch->epoch, why);
}

enum vg_code compartment_chain_open(const struct compartment_epoch *epoch, const vg_hash *cluster,
                                    const vg_cipher_key *key,
                                    const struct compartment_epoch *before,
                                    const vg_hash *cluster_before, vg_cipher_key *out,
                                    struct vg_error *error)
{
    vg_hash nonce = chain_nonce_of(epoch, cluster);
    *out = (vg_cipher_key){{0}};
    if (!vg_id_equal(&epoch->compartment, &before->compartment) ||
        epoch->epoch != before->epoch + 1)
        return chain_failed(epoch, "its chain leads to another epoch than the one asked for",
                            error);
    if (!vg_cipher_open(key, nonce.bytes, (vg_span){0},
                        vg_span_of(epoch->chain, sizeof epoch->chain), out->bytes))
        return chain_failed(epoch, "its chain does not open with its data key", error);
    if (is_committed(before, cluster_before, out))
        return VG_OK;
    return chain_failed(epoch, "its chain opens to another key than the epoch before commits to",
                        error);
}

/* ---- order -------------------------------------------------------------------------------------
 */

enum vg_code compartment_epoch_follows(const struct compartment_epoch *in_force,
                                       const struct compartment_epoch *next, struct vg_error *error)
{
    static const struct compartment_epoch none;
    const struct compartment_epoch *before = in_force != NULL ? in_force : &none;
    if (in_force != NULL && !vg_id_equal(&in_force->compartment, &next->compartment))
        return vg_fail(error, VG_INVALID, "epoch: of another compartment");
    if (compartment_wrap_of(next, (vg_node_id){COMPARTMENT_RECOVERY}) == NULL)
        return vg_fail(error, VG_INVALID, "epoch: no wrap for the recovery key");
    if (next->epoch != before->epoch + 1)
        return vg_fail(error, VG_CONFLICT, "epoch %" PRIu64 " cannot follow %" PRIu64 ", in force",
                       next->epoch, before->epoch);
    if (!vg_hash_equal(&next->previous, &before->commitment))
        return vg_fail(error, VG_CONFLICT,
                       "epoch %" PRIu64 " was made after another epoch %" PRIu64
                       " than the one in force",
                       next->epoch, before->epoch);
    return VG_OK;
}

/* ---- layout ------------------------------------------------------------------------------------
 */

size_t compartment_epoch_encode(const struct compartment_epoch *epoch,
                                uint8_t out[COMPARTMENT_EPOCH_MAX])
{
    struct vg_writer writer = vg_writer_of(out, COMPARTMENT_EPOCH_MAX);
    vg_write_u16(&writer, RECORD_VERSION);
    vg_write_bytes(&writer, epoch->compartment.bytes, sizeof epoch->compartment.bytes);
    vg_write_u64(&writer, epoch->epoch);
    vg_write_bytes(&writer, epoch->previous.bytes, sizeof epoch->previous.bytes);
    vg_write_bytes(&writer, epoch->commitment.bytes, sizeof epoch->commitment.bytes);
    vg_write_bytes(&writer, epoch->chain, sizeof epoch->chain);
    vg_write_u16(&writer, (uint16_t)epoch->wrap_count);
    for (uint32_t i = 0; i < epoch->wrap_count; i++) {
        const struct compartment_wrap *wrap = &epoch->wraps[i];
        vg_write_u64(&writer, wrap->holder.value);
        vg_write_bytes(&writer, wrap->unwrap.bytes, sizeof wrap->unwrap.bytes);
        vg_write_bytes(&writer, wrap->ephemeral.bytes, sizeof wrap->ephemeral.bytes);
        vg_write_bytes(&writer, wrap->box, sizeof wrap->box);
    }
    assert(!writer.failed);
    return vg_writer_size(&writer);
}

static enum vg_code field_error(struct vg_error *error, const char *field)
{
    return vg_fail(error, VG_INVALID, "epoch: %s", field);
}

static bool has_chain(const struct compartment_epoch *epoch)
{
    static const uint8_t none[COMPARTMENT_CHAIN_SIZE];
    return memcmp(epoch->chain, none, sizeof none) != 0;
}

static enum vg_code read_wraps(struct vg_reader *reader, struct compartment_epoch *out,
                               struct vg_error *error)
{
    out->wrap_count = vg_read_u16(reader);
    if (out->wrap_count > COMPARTMENT_WRAPS_MAX)
        return field_error(error, "more wraps than a cluster has holders");
    for (uint32_t i = 0; i < out->wrap_count; i++) {
        struct compartment_wrap *wrap = &out->wraps[i];
        wrap->holder.value = vg_read_u64(reader);
        vg_read_copy(reader, wrap->unwrap.bytes, sizeof wrap->unwrap.bytes);
        vg_read_copy(reader, wrap->ephemeral.bytes, sizeof wrap->ephemeral.bytes);
        vg_read_copy(reader, wrap->box, sizeof wrap->box);
        if (i > 0 && wrap->holder.value <= out->wraps[i - 1].holder.value)
            return field_error(error, "holders that do not ascend");
    }
    return VG_OK;
}

enum vg_code compartment_epoch_decode(vg_span bytes, struct compartment_epoch *out,
                                      struct vg_error *error)
{
    struct vg_reader reader = vg_reader_of(bytes);
    *out = (struct compartment_epoch){0};
    uint16_t version = vg_read_u16(&reader);
    vg_read_copy(&reader, out->compartment.bytes, sizeof out->compartment.bytes);
    out->epoch = vg_read_u64(&reader);
    vg_read_copy(&reader, out->previous.bytes, sizeof out->previous.bytes);
    vg_read_copy(&reader, out->commitment.bytes, sizeof out->commitment.bytes);
    vg_read_copy(&reader, out->chain, sizeof out->chain);
    if (reader.failed)
        return field_error(error, "cut short");
    if (version != RECORD_VERSION)
        return field_error(error, "a version this build does not know");
    if (vg_id_is_zero(&out->compartment) || out->epoch == 0)
        return field_error(error, "of no compartment, or of number 0");
    if (has_chain(out) != (out->epoch > 1))
        return field_error(error, "the first with a chain, or a later one without");
    enum vg_code code = read_wraps(&reader, out, error);
    if (code == VG_OK && !vg_reader_done(&reader))
        code = field_error(error, reader.failed ? "cut short" : "bytes too many at the end");
    return code;
}
