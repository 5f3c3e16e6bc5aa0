/* SPDX-License-Identifier: Apache-2.0 */
#include "node/api/text.h"

#include "common/text.h"
#include "node/api/api.h"

json_t *api_id(const vg_id *id)
{
    char text[VG_ID_TEXT];
    if (vg_id_is_zero(id))
        return json_null();
    vg_id_format(id, text);
    return json_string(text);
}

json_t *api_hash(const vg_hash *hash)
{
    return api_hex(vg_span_of(hash->bytes, sizeof hash->bytes));
}

json_t *api_hex(vg_span bytes)
{
    char text[2 * VG_SIGNATURE_SIZE + 1];
    assert(bytes.size <= VG_SIGNATURE_SIZE);
    vg_hex_format(bytes, text);
    return json_string(text);
}

json_t *api_time(uint64_t time_ms)
{
    char text[VG_TIME_TEXT];
    if (time_ms == 0)
        return json_null();
    vg_time_format(time_ms, text);
    return json_string(text);
}

json_t *api_span(vg_span text)
{
    return text.size == 0 ? json_null() : json_stringn((const char *)text.data, text.size);
}

json_t *api_string(const char *text)
{
    return api_span(vg_span_text(text));
}

json_t *api_uint(uint64_t value)
{
    return json_integer((json_int_t)value);
}

json_t *api_revisions(const struct response_revision *revisions, uint32_t count)
{
    json_t *object = json_object();
    for (uint32_t i = 0; i < count; i++) {
        char key[64 + VG_ID_TEXT], part[VG_ID_TEXT];
        bool whole = vg_id_is_zero(&revisions[i].part);
        vg_id_format(&revisions[i].part, part);
        snprintf(key, sizeof key, "%s%s%s", response_word(response_aspects, revisions[i].aspect),
                 whole ? "" : "/", whole ? "" : part);
        api_set(object, key, api_uint(revisions[i].revision));
    }
    return object;
}

json_t *api_word(const struct response_word *set, uint32_t number)
{
    return api_string(response_word(set, number));
}

json_t *api_words(const struct response_word *set, uint32_t bits)
{
    json_t *list = json_array();
    for (; set->text != NULL; set++) {
        if ((bits & set->number) != 0)
            json_array_append_new(list, json_string(set->text));
    }
    return list;
}

json_t *api_base64(vg_span bytes)
{
    struct vg_buffer text = {0};
    vg_base64_format(bytes, &text);
    json_t *out = json_stringn((const char *)text.data, text.size);
    vg_buffer_free(&text);
    return out;
}

void api_set(json_t *object, const char *key, json_t *value)
{
    json_object_set_new(object, key, value);
}

char *api_text(json_t *document)
{
    char *text = document == NULL ? NULL : json_dumps(document, JSON_COMPACT);
    json_decref(document);
    return text;
}
