/* SPDX-License-Identifier: Apache-2.0
 * JSON values of our own types, for the files of node/api alone. New references. */
#ifndef VIGIL_NODE_API_TEXT_H
#define VIGIL_NODE_API_TEXT_H

#include <jansson.h>

#include "common/types.h"
#include "proto/response/directory.h"

json_t *api_id(const vg_id *id);       /* null for the zero id */
json_t *api_hash(const vg_hash *hash); /* lowercase hex */
json_t *api_hex(vg_span bytes);        /* the same of at most VG_SIGNATURE_SIZE bytes */
json_t *api_time(uint64_t time_ms);    /* null for 0 */
json_t *api_span(vg_span text);        /* null for none */
json_t *api_string(const char *text);  /* null for "" */
json_t *api_uint(uint64_t value);
json_t *api_word(const struct response_word *set, uint32_t number); /* null for 0 */
json_t *api_words(const struct response_word *set, uint32_t bits);  /* an array */
/* {ASPECT: N}; a part's id is behind a slash. */
json_t *api_revisions(const struct response_revision *revisions, uint32_t count);

/* Bytes in base64 (RFC 4648). */
json_t *api_base64(vg_span bytes);

/* Sets a key; takes the value's reference. */
void api_set(json_t *object, const char *key, json_t *value);

#endif
