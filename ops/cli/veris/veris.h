/* SPDX-License-Identifier: Apache-2.0
 * VERIS 1.3 incidents (http://veriscommunity.net) as import commands (docs/veris.md). What a
 * document says is a claim; the document itself is kept whole. Pure but for memory. */
#ifndef VIGIL_OPS_CLI_VERIS_VERIS_H
#define VIGIL_OPS_CLI_VERIS_VERIS_H

#include <jansson.h>

#include "proto/response/command.h"

/* An incident read from a document; its spans borrow the document's bytes and its own memory. */
struct veris_incident {
    char key[VG_NAME_MAX + 1]; /* incident_id */
    char title[VG_TITLE_MAX + 1];
    const char *classification; /* R9's name, "" if none is claimed */
    uint8_t source;
    uint8_t subsource;
    uint8_t cia;
    uint64_t happened_at; /* start of the day, month or year that is named; 0 if none is */
    uint64_t records;
    uint32_t unknown_members;
    char timeline[1024]; /* lines */
};

/* Reads one document. VG_INVALID names the place and what it must be: bad JSON, duplicate keys,
 * bytes behind the end, nesting beyond 64, another version, members of a wrong type. Members the
 * schema does not know are counted. */
enum vg_code veris_read(vg_span document, struct veris_incident *out, struct vg_error *error);

/* The import command of an incident; spans borrow all arguments. */
struct response_command veris_command(const struct veris_incident *incident, const char *space,
                                      vg_span document);

/* Checks the members of a document against the schema's table: counts those it does not know, and
 * refuses those of a wrong type by their path. */
enum vg_code veris_check_members(const json_t *document, uint32_t *unknown, struct vg_error *error);

/* How an incident was discovered, as R1's source: `discovery_method` as the flat text of 1.3.0 or
 * the object of 1.3.3 and later. `said` (of `size`) gets it in words. */
void veris_discovery(const json_t *method, uint8_t *source, uint8_t *subsource, char *said,
                     size_t size);

#endif
