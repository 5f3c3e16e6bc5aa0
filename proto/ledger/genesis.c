/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/ledger/genesis.h"

#include <assert.h>

#include "common/bytes.h"
#include "common/text.h"

enum {
    KEYS_SIZE = VG_PUBLIC_KEY_SIZE + VG_CHANNEL_KEY_SIZE + VG_SIGNATURE_SIZE,
};

static_assert(16 + 128 + VG_NODES_MAX * (9 + VG_NAME_MAX + KEYS_SIZE) +
                      VG_PEOPLE_MAX * (17 + KEYS_SIZE) +
                      LEDGER_FOUNDED * (2 + COMPARTMENT_EPOCH_MAX) <=
                  LEDGER_GENESIS_MAX,
              "the largest genesis fits");

static void write_keys(struct vg_writer *writer, const struct vg_keys *keys)
{
    vg_write_bytes(writer, keys->key.bytes, sizeof keys->key.bytes);
    vg_write_bytes(writer, keys->channel.bytes, sizeof keys->channel.bytes);
    vg_write_bytes(writer, keys->binding.bytes, sizeof keys->binding.bytes);
}

static void read_keys(struct vg_reader *reader, struct vg_keys *out)
{
    vg_read_copy(reader, out->key.bytes, sizeof out->key.bytes);
    vg_read_copy(reader, out->channel.bytes, sizeof out->channel.bytes);
    vg_read_copy(reader, out->binding.bytes, sizeof out->binding.bytes);
}

static const char *const founded_names[LEDGER_FOUNDED] = {"the directory", "the first compartment"};

static const vg_id *founded_id(const struct ledger_genesis *genesis, enum ledger_founded which)
{
    return which == LEDGER_DIRECTORY ? &genesis->directory : &genesis->first;
}

/* Its size before it; 0: it is in clear. */
static void write_epoch(struct vg_writer *writer, const struct compartment_epoch *epoch)
{
    uint8_t record[COMPARTMENT_EPOCH_MAX];
    size_t size = epoch->epoch > 0 ? compartment_epoch_encode(epoch, record) : 0;
    vg_write_u16(writer, (uint16_t)size);
    vg_write_bytes(writer, record, size);
}

static void write_member(struct vg_writer *writer, const struct ledger_member *member)
{
    size_t size = strlen(member->region);
    vg_write_u64(writer, member->id.value);
    vg_write_u8(writer, (uint8_t)size);
    vg_write_bytes(writer, member->region, size);
    write_keys(writer, &member->keys);
}

size_t ledger_genesis_encode(const struct ledger_genesis *genesis, uint8_t out[LEDGER_GENESIS_MAX])
{
    assert(genesis->member_count <= VG_NODES_MAX && genesis->person_count <= VG_PEOPLE_MAX);
    struct vg_writer writer = vg_writer_of(out, LEDGER_GENESIS_MAX);
    vg_write_u16(&writer, genesis->version);
    vg_write_u8(&writer, genesis->flags);
    vg_write_u64(&writer, genesis->created_ms);
    vg_write_bytes(&writer, genesis->salt, sizeof genesis->salt);
    vg_write_bytes(&writer, genesis->directory.bytes, sizeof genesis->directory.bytes);
    vg_write_bytes(&writer, genesis->first.bytes, sizeof genesis->first.bytes);
    vg_write_u16(&writer, (uint16_t)genesis->member_count);
    for (uint32_t i = 0; i < genesis->member_count; i++)
        write_member(&writer, &genesis->members[i]);
    vg_write_u16(&writer, (uint16_t)genesis->person_count);
    for (uint32_t i = 0; i < genesis->person_count; i++) {
        vg_write_bytes(&writer, genesis->people[i].id.bytes, sizeof genesis->people[i].id.bytes);
        write_keys(&writer, &genesis->people[i].keys);
        vg_write_u8(&writer, genesis->people[i].bits);
    }
    for (int i = 0; i < LEDGER_FOUNDED; i++)
        write_epoch(&writer, &genesis->epochs[i]);
    assert(!writer.failed);
    return vg_writer_size(&writer);
}

static enum vg_code field_error(struct vg_error *error, const char *field)
{
    return vg_fail(error, VG_INVALID,
                   "genesis: %s; it was altered, or is another file: fetch it again", field);
}

/* False: none, or not a text. */
static bool read_region(struct vg_reader *reader, char out[VG_NAME_MAX + 1])
{
    size_t size = vg_read_u8(reader);
    if (size == 0 || size > VG_NAME_MAX)
        return false;
    vg_read_copy(reader, out, size);
    out[size] = '\0';
    return vg_utf8_valid(vg_span_of(out, size));
}

static enum vg_code read_members(struct vg_reader *reader, struct ledger_genesis *out,
                                 struct vg_error *error)
{
    out->member_count = vg_read_u16(reader);
    if (out->member_count < 1 || out->member_count > VG_NODES_MAX)
        return field_error(error, "a number of members out of bounds");
    uint64_t before = 0;
    for (uint32_t i = 0; i < out->member_count; i++) {
        struct ledger_member *member = &out->members[i];
        member->id.value = vg_read_u64(reader);
        if (member->id.value <= before)
            return field_error(error, "member ids that do not ascend from 1");
        if (!read_region(reader, member->region))
            return field_error(error, "a member's region that is no text");
        read_keys(reader, &member->keys);
        before = member->id.value;
    }
    return VG_OK;
}

static enum vg_code read_people(struct vg_reader *reader, struct ledger_genesis *out,
                                struct vg_error *error)
{
    out->person_count = vg_read_u16(reader);
    if (out->person_count < 1 || out->person_count > VG_PEOPLE_MAX)
        return field_error(error, "a number of people out of bounds");
    for (uint32_t i = 0; i < out->person_count; i++) {
        struct ledger_person person = {0};
        vg_read_copy(reader, person.id.bytes, sizeof person.id.bytes);
        read_keys(reader, &person.keys);
        person.bits = vg_read_u8(reader);
        out->people[i] = person;
        if (vg_id_is_zero(&person.id))
            return field_error(error, "a person without an id");
        for (uint32_t k = 0; k < i; k++) {
            if (vg_id_equal(&out->people[k].id, &person.id))
                return field_error(error, "one person twice");
        }
        if ((person.bits & ~LEDGER_PERSON_BITS) != 0)
            return field_error(error, "a person's bits this build does not know");
    }
    return VG_OK;
}

/* Wraps are for the recovery key and for each member, in their order. */
static bool holds_all(const struct ledger_genesis *genesis, const struct compartment_epoch *epoch)
{
    bool all = epoch->wrap_count == genesis->member_count + 1;
    for (uint32_t i = 0; all && i < genesis->member_count; i++)
        all = vg_node_equal(epoch->wraps[i + 1].holder, genesis->members[i].id);
    return all;
}

static enum vg_code epoch_error(struct vg_error *error, enum ledger_founded which, const char *what)
{
    return vg_fail(error, VG_INVALID, "genesis: %s: %s; it was altered: fetch it again",
                   founded_names[which], what);
}

static enum vg_code read_epoch(struct vg_reader *reader, enum ledger_founded which,
                               struct ledger_genesis *out, struct vg_error *error)
{
    struct compartment_epoch *epoch = &out->epochs[which];
    struct vg_error why = {0};
    vg_span record = vg_read_span(reader, vg_read_u16(reader));
    if (reader->failed)
        return field_error(error, "cut short");
    if (record.size == 0 && (out->flags & LEDGER_GENESIS_CLEAR) == 0)
        return epoch_error(error, which, "in clear, without the flag");
    if (record.size == 0)
        return VG_OK;
    if (compartment_epoch_decode(record, epoch, &why) != VG_OK ||
        compartment_epoch_follows(NULL, epoch, &why) != VG_OK)
        return epoch_error(error, which, why.text);
    if (!vg_id_equal(&epoch->compartment, founded_id(out, which)))
        return epoch_error(error, which, "a first epoch of another compartment");
    return holds_all(out, epoch)
               ? VG_OK
               : epoch_error(error, which, "a first epoch without a wrap for each member");
}

enum vg_code ledger_genesis_decode(vg_span bytes, struct ledger_genesis *out,
                                   struct vg_error *error)
{
    struct vg_reader reader = vg_reader_of(bytes);
    *out = (struct ledger_genesis){0};
    out->version = vg_read_u16(&reader);
    out->flags = vg_read_u8(&reader);
    out->created_ms = vg_read_u64(&reader);
    vg_read_copy(&reader, out->salt, sizeof out->salt);
    vg_read_copy(&reader, out->directory.bytes, sizeof out->directory.bytes);
    vg_read_copy(&reader, out->first.bytes, sizeof out->first.bytes);
    if (reader.failed)
        return field_error(error, "cut short");
    if (out->version != LEDGER_GENESIS_VERSION)
        return vg_fail(
            error, VG_INVALID,
            "genesis: of version %u, and this build reads version %d; make a new cluster",
            out->version, LEDGER_GENESIS_VERSION);
    if ((out->flags & ~LEDGER_GENESIS_CLEAR) != 0)
        return field_error(error, "flags this build does not know");
    if (vg_id_is_zero(&out->directory) || vg_id_is_zero(&out->first) ||
        vg_id_equal(&out->directory, &out->first))
        return field_error(error, "compartment ids that are zero or equal");
    enum vg_code code = read_members(&reader, out, error);
    if (code == VG_OK)
        code = read_people(&reader, out, error);
    for (uint32_t i = 0; code == VG_OK && i < LEDGER_FOUNDED; i++)
        code = read_epoch(&reader, i, out, error);
    if (code == VG_OK && !vg_reader_done(&reader))
        code = field_error(error, reader.failed ? "cut short" : "bytes too many at the end");
    return code;
}

/* ---- checking ----------------------------------------------------------------------------------
 */

enum { HOLDERS_MAX = VG_NODES_MAX + VG_PEOPLE_MAX };

/* Everybody with keys, the members first. */
struct holders {
    struct vg_holder who[HOLDERS_MAX];
    const struct vg_keys *keys[HOLDERS_MAX];
    uint32_t count;
};

static void list_holders(const struct ledger_genesis *genesis, struct holders *out)
{
    out->count = 0;
    for (uint32_t i = 0; i < genesis->member_count; i++) {
        const struct ledger_member *member = &genesis->members[i];
        out->keys[out->count] = &member->keys;
        out->who[out->count++] = (struct vg_holder){.kind = VG_IDENTITY_NODE, .node = member->id};
    }
    for (uint32_t i = 0; i < genesis->person_count; i++) {
        const struct ledger_person *person = &genesis->people[i];
        out->keys[out->count] = &person->keys;
        out->who[out->count++] =
            (struct vg_holder){.kind = VG_IDENTITY_PERSON, .person = person->id};
    }
}

enum vg_code ledger_genesis_check(const struct ledger_genesis *genesis,
                                  const struct vg_signer *signer, struct vg_error *error)
{
    struct holders all;
    char name[VG_HOLDER_TEXT], other[VG_HOLDER_TEXT];
    list_holders(genesis, &all);
    for (uint32_t i = 0; i < all.count; i++) {
        const struct vg_keys *keys = all.keys[i];
        vg_holder_format(&all.who[i], name);
        if (!vg_binding_verify(signer, &all.who[i], keys))
            return vg_fail(error, VG_INTEGRITY,
                           "genesis: the keys of %s are not bound to each other; it was altered, "
                           "or made of a wrong file: fetch it again",
                           name);
        for (uint32_t k = 0; k < i; k++) {
            if (memcmp(&keys->key, &all.keys[k]->key, sizeof keys->key) == 0 ||
                memcmp(&keys->channel, &all.keys[k]->channel, sizeof keys->channel) == 0)
                return vg_fail(error, VG_INVALID,
                               "genesis: a key of %s is one of %s too; make it anew, with the keys "
                               "of each",
                               name, vg_holder_format(&all.who[k], other));
        }
    }
    return VG_OK;
}

vg_hash ledger_genesis_hash(vg_span bytes)
{
    return vg_hash_parts(VG_HASH_GENESIS, &bytes, 1);
}

enum vg_code ledger_genesis_seal(struct ledger_genesis *genesis, enum ledger_founded which,
                                 const vg_cipher_key *key, const vg_box_public *unwraps,
                                 const uint8_t (*seeds)[VG_SEED_SIZE], struct vg_error *error)
{
    struct compartment_epoch *epoch = &genesis->epochs[which];
    vg_hash place = ledger_genesis_place(genesis);
    enum vg_code code = VG_OK;
    compartment_epoch_begin(epoch, &place, founded_id(genesis, which), NULL, NULL, key);
    for (uint32_t i = 0; code == VG_OK && i <= genesis->member_count; i++) {
        vg_node_id holder = {i == 0 ? COMPARTMENT_RECOVERY : genesis->members[i - 1].id.value};
        code = compartment_epoch_wrap(epoch, &place, key, holder, &unwraps[i], seeds[i], error);
    }
    return code;
}

vg_hash ledger_genesis_place(const struct ledger_genesis *genesis)
{
    vg_hash place;
    static_assert(sizeof place.bytes == sizeof genesis->salt, "one size");
    memcpy(place.bytes, genesis->salt, sizeof place.bytes);
    return place;
}

const struct compartment_epoch *ledger_genesis_epoch(const struct ledger_genesis *genesis,
                                                     const vg_id *compartment)
{
    for (int i = 0; i < LEDGER_FOUNDED; i++) {
        const struct compartment_epoch *epoch = &genesis->epochs[i];
        if (epoch->epoch > 0 && vg_id_equal(&epoch->compartment, compartment))
            return epoch;
    }
    return NULL;
}

const struct ledger_member *ledger_genesis_member(const struct ledger_genesis *genesis,
                                                  vg_node_id id)
{
    for (uint32_t i = 0; i < genesis->member_count; i++) {
        if (vg_node_equal(genesis->members[i].id, id))
            return &genesis->members[i];
    }
    return NULL;
}

const struct ledger_person *ledger_genesis_person(const struct ledger_genesis *genesis,
                                                  const vg_id *id)
{
    for (uint32_t i = 0; i < genesis->person_count; i++) {
        if (vg_id_equal(&genesis->people[i].id, id))
            return &genesis->people[i];
    }
    return NULL;
}
