/* SPDX-License-Identifier: Apache-2.0
 * The page of an incident, for people: what it is, where it stands, what is being done. */
#ifndef VIGIL_OPS_CLI_VIEW_PAGE_H
#define VIGIL_OPS_CLI_VIEW_PAGE_H

#include <jansson.h>
#include <stdio.h>

/* Prints an answer of incident.page, `width` columns wide (40 to 200). `people` is the directory's
 * list, or NULL: then ids are shown. */
void view_page(FILE *out, unsigned width, const json_t *facts, const json_t *people);

/* Parts of one kind in the order of their numbers; a new reference. */
json_t *view_in_order(const json_t *parts);

#endif
